// SPDX-License-Identifier: GPL-3.0-or-later
// How a server is set up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "pipelines/model.h"
#include "server/guard.h"
#include "server/http_server.h"

namespace riffle::server {

struct Limits {
  int64_t queue = 64;            // jobs waiting
  int64_t text_bytes = 1 << 20;  // of a JSON body
  int64_t upload_bytes = int64_t{200} << 20;
  double clip_s = 1200;  // of all clips of a job together
  double upload_s = 3600;
  int64_t jams = 4;
  int64_t event_streams = 256;
};

// Opens a model by the name users give it, of whatever kind it is; without a name the default of
// that kind.
using ModelOpener = std::function<std::unique_ptr<pipelines::Model>(pipelines::ModelKind kind,
                                                                    const std::string& name)>;

struct ServerOptions {
  HttpOptions http = {};
  GuardOptions guard = {};
  Limits limits = {};
  std::filesystem::path library = {};
  std::filesystem::path web = {};          // a folder served at "/"; empty: the studio built in
  std::filesystem::path seed_images = {};  // a folder with more of them; may be empty
  std::string model = {};                  // the first riff model
  std::string band_model = {};             // and the first band model
  ModelOpener open_model = {};
  std::string device = "cpu";  // as capabilities tell it
  int workers = 1;             // jobs that run side by side
  int batch = 4;               // jobs that are made in one forward, where they fit
};

}  // namespace riffle::server
