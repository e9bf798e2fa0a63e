// SPDX-License-Identifier: GPL-3.0-or-later
// The studio's files: of a folder while it is worked on, else those built in.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "server/answers.h"
#include "server/embedded.h"
#include "server/problem.h"
#include "server/routes.h"

namespace riffle::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNoStudio =
    R"(<!doctype html><html lang="en"><meta charset="utf-8"><title>Riffle</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}
code{background:#8882;padding:.1em .3em}</style>
<h1>Riffle</h1>
<p>The server runs, but this program was built without the studio. To build it in:
<pre><code>scripts/dev web build
scripts/dev build</code></pre>
<p>The API is described at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>. To hear something now:
<p><audio controls preload="none" src="/api/v1/stream.mp3?prompt=funky+piano"></audio>
)";

// Pages load what comes from here, and nothing else.
constexpr const char* kPolicy =
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' "
    "blob:; connect-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'";

void add_page_headers(Response& response, bool for_ever) {
  response.headers.emplace_back("Cache-Control",
                                for_ever ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
}

// The studio's pages differ by what follows "#", which browsers keep to themselves.
std::string file_named(const std::string& path) {
  return path == "/" ? "index.html" : path.substr(path.starts_with('/') ? 1 : 0);
}

std::string ending_of(const std::string& file) { return split_ending(file).second; }

Response from_folder(const fs::path& folder, const std::string& file) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(folder / file, error);
  const fs::path root = fs::weakly_canonical(folder, error);
  const fs::path below = path.lexically_relative(root);
  const bool inside = !error && !below.empty() && *below.begin() != "..";
  if (!inside || !fs::is_regular_file(path, error)) throw no_such("page", "/" + file);
  Response response{.content_type = media_type_of(ending_of(file)), .file = path};
  add_page_headers(response, false);
  return response;
}

}  // namespace

Response studio_file(const App& app, const Request& request) {
  const std::string file = file_named(request.path);
  if (!app.options.web.empty()) return from_folder(app.options.web, file);
  const auto files = studio_files();
  if (files.empty() && file == "index.html") {
    Response response{.content_type = "text/html; charset=utf-8", .body = kNoStudio};
    add_page_headers(response, false);
    return response;
  }
  const auto found = std::ranges::find(files, file, &EmbeddedFile::path);
  if (found == files.end()) throw no_such("page", request.path);
  const std::string tag = fmt::format("\"{:x}\"", std::hash<std::string_view>()(found->bytes));
  Response response{.content_type = media_type_of(ending_of(file))};
  add_page_headers(response, file.starts_with("assets/"));
  response.headers.emplace_back("ETag", tag);
  const std::string* known = request.header("If-None-Match");
  if (known != nullptr && *known == tag) {
    response.status = 304;
  } else {
    response.body = found->bytes;
  }
  return response;
}

}  // namespace riffle::server
