// SPDX-License-Identifier: GPL-3.0-or-later
// The server as a whole: what `riffle serve` runs.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "server/options.h"

namespace riffle::server {

class Server {
 public:
  // Opens the library and the model, binds the port. Throws what these throw.
  explicit Server(const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string url() const;  // "http://127.0.0.1:3013"
  // Until a stop is asked for. What is being made is then stopped and left for the next start;
  // answers that are being sent are finished.
  void run(const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace riffle::server
