// SPDX-License-Identifier: GPL-3.0-or-later
// The library: search, clips and their files, lineage, tags.
#include <fmt/format.h>

#include <algorithm>

#include "core/url.h"
#include "server/answers.h"
#include "server/clip_json.h"
#include "server/problem.h"
#include "server/routes.h"

namespace riffle::server {
namespace {

using library::ClipOrder;
using library::ClipQuery;
using library::ClipRecord;

ClipRecord require_clip(App& app, const Request& request) {
  const std::string& id = request.parameter("id");
  if (auto clip = app.library.clips().find(id)) return std::move(*clip);
  throw no_such("clip", id);
}

OrderedJson clips_json(const std::vector<ClipRecord>& clips) {
  OrderedJson json = OrderedJson::array();
  for (const ClipRecord& clip : clips) json.push_back(clip_json(clip));
  return json;
}

ClipOrder order_of(const std::string& name) {
  constexpr std::pair<std::string_view, ClipOrder> kOrders[] = {{"", ClipOrder::Newest},
                                                                {"newest", ClipOrder::Newest},
                                                                {"oldest", ClipOrder::Oldest},
                                                                {"rating", ClipOrder::Rating},
                                                                {"title", ClipOrder::Title}};
  for (const auto& [known, order] : kOrders) {
    if (known == name) return order;
  }
  throw ProblemError({.status = 400,
                      .code = "invalid_argument",
                      .detail = "sort: expected newest, oldest, rating or title"});
}

// The address of another page of the same search.
std::string page_url(const Request& request, int64_t offset) {
  std::string url = fmt::format("{}/clips?offset={}", kApi, offset);
  for (const auto& [name, value] : request.query) {
    if (name != "offset") url += fmt::format("&{}={}", url_escaped(name), url_escaped(value));
  }
  return url;
}

Response search(App& app, const Request& request) {
  const ClipQuery query{.words = query_text(request, "q").substr(0, 500),
                        .tag = query_text(request, "tag"),
                        .pipeline = query_text(request, "pipeline"),
                        .parent = query_text(request, "parent"),
                        .rating_min = query_integer(request, "rating_min", 0, 5).value_or(0),
                        .order = order_of(query_text(request, "sort")),
                        .limit = query_integer(request, "limit", 1, 200).value_or(50),
                        .offset = query_integer(request, "offset", 0, 1'000'000'000).value_or(0)};
  const library::ClipPage page = app.library.clips().search(query);
  const int64_t next = query.offset + static_cast<int64_t>(page.clips.size());
  return json_response(
      {{"clips", clips_json(page.clips)},
       {"total", page.total},
       {"next", next < page.total && !page.clips.empty() ? OrderedJson(page_url(request, next))
                                                         : OrderedJson(nullptr)}});
}

Response change(App& app, const Request& request) {
  const ClipRecord clip = require_clip(app, request);
  const Json body = json_body(request);
  BodyReader reader(body, "clip");
  const library::ClipChange change{.title = reader.text("title", 300),
                                   .rating = reader.integer("rating", 0, 5),
                                   .tags = reader.texts("tags", 100, 60)};
  reader.finish();
  app.library.clips().change(clip.id, change);
  return json_response(clip_json(require_clip(app, request)));
}

// "funky synth" -> "funky synth": without what file systems and headers stumble over.
std::string file_name_of(const ClipRecord& clip, const std::string& ending) {
  std::string name;
  for (const char c : clip.title.substr(0, 80)) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 || c == ' ' || c == '-' || c == '_' ? c : '_';
  }
  return fmt::format("{}.{}", name.empty() ? clip.id : name, ending);
}

Response file_of(App& app, const Request& request) {
  const ClipRecord clip = require_clip(app, request);
  const std::string& file = request.parameter("file");
  const auto [part, ending] = split_ending(file);
  const auto folder = app.library.clips().folder_of(clip.id);
  Response response;
  if (part == "audio") {
    response = file_response(app.keeper.sound(clip, ending), ending);
  } else if (file == "picture.png" && clip.has_picture) {
    response = file_response(folder / file, ending);
  } else if (file == "latents.safetensors" && clip.has_latents) {
    response = file_response(folder / file, ending);
  } else {
    throw no_such("file", file);
  }
  if (query_integer(request, "download", 0, 1).value_or(0) == 1) {
    response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}\"",
                                                                     file_name_of(clip, ending)));
  }
  return response;
}

Response lineage(App& app, const Request& request) {
  const ClipRecord clip = require_clip(app, request);
  return json_response({{"clip", clip_json(clip)},
                        {"ancestors", clips_json(app.library.clips().ancestors(clip.id))},
                        {"descendants", clips_json(app.library.clips().descendants(clip.id))}});
}

Response tags(App& app) {
  OrderedJson tags = OrderedJson::array();
  for (const auto& [tag, clips] : app.library.clips().tags()) {
    tags.push_back({{"name", tag}, {"clips", clips}});
  }
  return json_response({{"tags", std::move(tags)}});
}

}  // namespace

void add_clip_routes(App& app) {
  const std::string one = "/api/v1/clips/{id}";
  app.router.add({.method = "GET", .pattern = "/api/v1/clips", .answer = [&app](Request& request) {
                    return search(app, request);
                  }});
  app.router.add({.method = "GET", .pattern = one, .answer = [&app](Request& request) {
                    return json_response(clip_json(require_clip(app, request)));
                  }});
  app.router.add({.method = "PATCH",
                  .pattern = one,
                  .answer = [&app](Request& request) { return change(app, request); },
                  .body = BodyKind::Text});
  app.router.add({.method = "DELETE", .pattern = one, .answer = [&app](Request& request) {
                    app.library.clips().remove(require_clip(app, request).id);
                    return no_content();
                  }});
  app.router.add({.method = "GET", .pattern = one + "/lineage", .answer = [&app](Request& request) {
                    return lineage(app, request);
                  }});
  app.router.add({.method = "GET", .pattern = one + "/{file}", .answer = [&app](Request& request) {
                    return file_of(app, request);
                  }});
  app.router.add({.method = "GET", .pattern = "/api/v1/tags", .answer = [&app](Request&) {
                    return tags(app);
                  }});
}

}  // namespace riffle::server
