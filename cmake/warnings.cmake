# SPDX-License-Identifier: GPL-3.0-or-later
# One interface target every room, test and tool links: warnings, and whether they are errors.
add_library(riffle_warnings INTERFACE)
target_compile_options(riffle_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
  -Wunused -Wformat=2 -Wimplicit-fallthrough -Wundef)
# GCC 12 sees overlapping and endless copies in plain std::string assignments at -O3 (GCC bugs 105651, 105329); mended
# in 13.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(riffle_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(RIFFLE_WERROR)
  target_compile_options(riffle_warnings INTERFACE -Werror)
endif()
