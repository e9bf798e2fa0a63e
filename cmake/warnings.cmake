# SPDX-License-Identifier: GPL-3.0-or-later
# One interface target every room, test and tool links: warnings, and whether they are errors.
add_library(riffle_warnings INTERFACE)
target_compile_options(riffle_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
  -Wunused -Wformat=2 -Wimplicit-fallthrough -Wundef)
if(RIFFLE_WERROR)
  target_compile_options(riffle_warnings INTERFACE -Werror)
endif()
