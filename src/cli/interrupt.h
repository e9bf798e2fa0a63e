// SPDX-License-Identifier: GPL-3.0-or-later
// Ctrl-C, a closed terminal and a polite kill: the first asks the work to stop, the second ends the
// process at once, without leaving half-written files either way.
#pragma once

#include <stop_token>

namespace riffle::cli {

// Takes over SIGINT, SIGTERM and SIGHUP (those the parent process did not tell us to ignore) for
// the rest of the process, and returns the token that the first of them stops. To be called once.
// Throws Error{Io} when the system refuses.
std::stop_token stop_on_signals();

}  // namespace riffle::cli
