// SPDX-License-Identifier: GPL-3.0-or-later
// Waiting until a socket can be read or written, but no longer than that.
#pragma once

#include <chrono>

namespace riffle::server {

// what: POLLIN or POLLOUT (poll.h). True when the socket is ready before the deadline.
bool wait_for_socket(int socket, short what, std::chrono::steady_clock::time_point deadline);

}  // namespace riffle::server
