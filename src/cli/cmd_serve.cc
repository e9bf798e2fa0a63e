// SPDX-License-Identifier: GPL-3.0-or-later
// riffle serve: the API and the studio.
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "nn/runtime.h"
#include "server/server.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct ServeOptions {
  ModelOptions model;
  server::ServerOptions server;
  std::string library;
  std::string web;
  std::string seed_images;
  int64_t upload_mb = 200;
};

// Whoever reaches the port may use it: beyond this machine a key is needed.
void require_key_beyond_loopback(const server::ServerOptions& options) {
  const std::string& host = options.http.host;
  const bool loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
  if (loopback || !options.guard.api_key.empty()) return;
  throw Error(ErrorCode::InvalidArgument,
              "--host " + host + " lets other machines in, and no API key is asked for",
              "add --api-key KEY, or set RIFFLE_API_KEY");
}

void serve(ServeOptions& options, Context& context) {
  server::ServerOptions& server = options.server;
  if (server.guard.api_key.empty()) {
    const char* key = std::getenv("RIFFLE_API_KEY");
    if (key != nullptr) server.guard.api_key = key;
  }
  require_key_beyond_loopback(server);
  server.library = options.library.empty() ? data_folder() / "library" : fs::path(options.library);
  server.web = options.web;
  server.seed_images = options.seed_images;
  for (const auto& [folder, flag] :
       {std::pair(server.web, "--web"), std::pair(server.seed_images, "--seed-images")}) {
    if (!folder.empty() && !fs::is_directory(folder)) {
      throw Error(ErrorCode::NotFound, std::string(flag) + " " + folder.string() + ": no folder");
    }
  }
  server.limits.upload_bytes = options.upload_mb << 20;
  server.http.max_body = server.limits.upload_bytes + (1 << 20);
  server.model = options.model.model;
  server.device = nn::choose_device(context.globals.device).str();
  server.open_model = [&](pipelines::ModelKind kind, const std::string& name) {
    ModelOptions model = options.model;
    model.model = name;
    return model.open(kind, context.globals, Job{context.job.stop, {}});
  };
  server::Server running(server);
  context.out.line("{}", running.url());
  context.out.flush();
  log::info("library {}", server.library.string());
  running.run(context.job.stop);
}

void add_limits(CLI::App& app, ServeOptions& options) {
  server::ServerOptions& server = options.server;
  app.add_option("--queue", server.limits.queue, "Jobs that may wait")
      ->type_name("N")
      ->check(between(1, 100000))
      ->capture_default_str();
  app.add_option("--max-seconds", server.limits.clip_s, "Longest music of one job")
      ->type_name("s")
      ->check(between(1, 1e6))
      ->capture_default_str();
  app.add_option("--max-upload-mb", options.upload_mb, "Largest file that may be uploaded")
      ->type_name("MiB")
      ->check(between(1, 4096))
      ->capture_default_str();
  app.add_option("--rate", server.guard.requests_per_minute,
                 "Requests a minute that change something, of one address; 0: no limit")
      ->type_name("N")
      ->check(between(0, 1e6))
      ->capture_default_str();
  app.add_option("--max-connections", server.http.max_connections, "Connections at once")
      ->type_name("N")
      ->check(between(8, 20000))
      ->capture_default_str();
  app.add_option("--max-jams", server.limits.jams, "Jams at once")
      ->type_name("N")
      ->check(between(1, 1000))
      ->capture_default_str();
}

void add_guard(CLI::App& app, server::GuardOptions& guard) {
  app.add_option("--api-key", guard.api_key,
                 "Key that requests must bring (default: RIFFLE_API_KEY of the environment, or "
                 "none)")
      ->type_name("KEY");
  app.add_option("--allow-host", guard.allowed_hosts,
                 "Name this server goes by, besides localhost; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--allow-origin", guard.allowed_origins,
                 "Origin whose pages may use the API, or *; may be repeated")
      ->type_name("ORIGIN")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace

Action add_serve(CLI::App& app) {
  const auto options = std::make_shared<ServeOptions>();
  server::ServerOptions& server = options->server;
  app.add_option("--host", server.http.host,
                 "Address to listen on; others than loopback need a key")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--port", server.http.port, "Port to listen on; 0: any free one")
      ->type_name("N")
      ->check(between(0, 65535))
      ->capture_default_str();
  app.add_option("--library", options->library,
                 "Folder of clips and jobs (default: riffle/library in the user's data folder)")
      ->type_name(kFolderType);
  options->model.add_to(app);
  app.add_option("--band-model", server.band_model,
                 "Model that plays along: name or folder (default riffle-band, where it is there)")
      ->type_name("MODEL");
  app.add_option("--workers", server.workers, "Jobs that are made side by side")
      ->type_name("N")
      ->check(between(1, 64))
      ->capture_default_str();
  app.add_option("--batch", server.batch,
                 "Waiting jobs that are made in one forward where they fit")
      ->type_name("N")
      ->check(between(1, 64))
      ->capture_default_str();
  app.add_option("--seed-images", options->seed_images,
                 "Folder of seed images: ID.png, ID.jpg or sounds")
      ->type_name(kFolderType);
  app.add_option("--web", options->web, "Serve this folder in place of the studio")
      ->type_name(kFolderType);
  add_guard(app, server.guard);
  add_limits(app, *options);
  return [options](Context& context) { serve(*options, context); };
}

}  // namespace riffle::cli
