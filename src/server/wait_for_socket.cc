// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/wait_for_socket.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace riffle::server {

bool wait_for_socket(int socket, short what, std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  for (;;) {
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd entry{socket, what, 0};
    const int result = ::poll(&entry, 1, static_cast<int>(std::max<int64_t>(0, left)));
    if (result > 0) return true;
    if (result == 0 || errno != EINTR) return false;
  }
}

}  // namespace riffle::server
