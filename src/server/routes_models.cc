// SPDX-License-Identifier: GPL-3.0-or-later
// Models, and the seed images in the form of the one in use.
#include "server/answers.h"
#include "server/problem.h"
#include "server/routes.h"

namespace riffle::server {
namespace {

Response switch_model(App& app, const Request& request) {
  const Json body = json_body(request);
  BodyReader reader(body, "model");
  const auto name = reader.text("name", 300);
  reader.finish();
  // Names of the list only: a path would let requests read any file of this machine.
  const OrderedJson list = app.models.list();
  for (const OrderedJson& model : list.at("models")) {
    if (!name || model.at("name") != *name) continue;
    app.models.use(*name);
    return json_response(app.models.entry(*name));
  }
  throw no_such("model", name.value_or("\"\""));
}

Response seed_image(App& app, const std::string& file) {
  const auto [id, ending] = split_ending(file);
  const SeedImage seed = app.sources.seed_image(id);
  const auto model = app.models.current();
  if (ending == "png") {
    return file_response(app.sources.seed_picture(seed, model->geometry()), "png", false);
  }
  if (ending == "wav") {
    return file_response(app.sources.seed_sound(seed, model->geometry()), "wav", false);
  }
  throw no_such("file", file);
}

}  // namespace

void add_model_routes(App& app) {
  app.router.add({.method = "GET", .pattern = "/api/v1/models", .answer = [&app](Request&) {
                    return json_response(app.models.list());
                  }});
  app.router.add({.method = "PUT",
                  .pattern = "/api/v1/models/current",
                  .answer = [&app](Request& request) { return switch_model(app, request); },
                  .body = BodyKind::Text});
  app.router.add(
      {.method = "GET",
       .pattern = "/api/v1/seed_images/{file}",
       .answer = [&app](Request& request) { return seed_image(app, request.parameter("file")); }});
}

}  // namespace riffle::server
