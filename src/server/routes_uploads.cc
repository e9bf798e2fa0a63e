// SPDX-License-Identifier: GPL-3.0-or-later
// Uploads: sounds, pictures and latents from outside.
#include "image/picture_file.h"
#include "library/ids.h"
#include "pipelines/play.h"
#include "pipelines/sound_file.h"
#include "server/answers.h"
#include "server/clip_json.h"
#include "server/problem.h"
#include "server/routes.h"
#include "server/uploads.h"

namespace riffle::server {
namespace {

using library::UploadKind;
using library::UploadRecord;

UploadRecord require_upload(App& app, const std::string& id) {
  if (auto upload = app.library.uploads().find(id)) return std::move(*upload);
  throw no_such("upload", id);
}

void require_kind(const UploadRecord& upload, UploadKind kind) {
  if (upload.kind == kind) return;
  throw ProblemError({.status = 422,
                      .code = "bad_file",
                      .detail = upload.name + " is of the kind " +
                                std::string(library::name_of(upload.kind)) + ", expected " +
                                std::string(library::name_of(kind))});
}

Response data_of(App& app, const UploadRecord& upload) {
  const auto path = app.library.uploads().path_of(upload);
  const std::string ending = path.extension().string();
  return file_response(path, ending.empty() ? "" : ending.substr(1));
}

Response picture_of(App& app, const UploadRecord& upload) {
  const auto path = app.library.uploads().path_of(upload);
  if (upload.kind == UploadKind::Picture) {
    return file_response(path, path.extension().string().substr(1));
  }
  require_kind(upload, UploadKind::Audio);
  const auto model = app.models.current();
  return file_response(app.sources.picture_of(path, model->geometry(), upload.id), "png", false);
}

// As the model in use draws sounds: heights mean the same on all pictures that are painted on.
image::Picture drawn(App& app, const UploadRecord& upload, const audio::Waveform& sound) {
  const auto model = app.models.current_or_null();
  if (model == nullptr) return pipelines::picture_of_sound(sound, {});
  const auto path = app.library.uploads().path_of(upload);
  return image::read_picture(app.sources.picture_of(path, model->geometry(), upload.id));
}

// A clip of an uploaded sound.
Response keep(App& app, const Request& request) {
  const Json body = json_body(request);
  BodyReader reader(body, "clip");
  const UploadRecord upload = require_upload(app, reader.text("upload", 64).value_or(""));
  KeepOptions options{.title = reader.text("title", 300).value_or(upload.name),
                      .tags = reader.texts("tags", 100, 60).value_or(std::vector<std::string>()),
                      .parents = {upload.id}};
  reader.finish();
  require_kind(upload, UploadKind::Audio);
  pipelines::SoundFile file = pipelines::read_sound_file(app.library.uploads().path_of(upload), {});
  pipelines::Clip clip;
  clip.sound = std::move(file.sound);
  clip.picture = drawn(app, upload, clip.sound);
  clip.notes = std::move(file.notes);
  clip.request = upload.request.is_null() ? OrderedJson{{"pipeline", "upload"}} : upload.request;
  return created(clip_json(app.keeper.keep(clip, options)));
}

}  // namespace

void add_upload_routes(App& app) {
  const std::string one = "/api/v1/uploads/{id}";
  app.router.add({.method = "POST",
                  .pattern = "/api/v1/uploads",
                  .answer =
                      [&app](Request& request) {
                        return created(
                            upload_json(receive_upload(request, query_text(request, "name"),
                                                       app.library, app.options.limits)));
                      },
                  .body = BodyKind::File});
  app.router.add({.method = "GET", .pattern = one, .answer = [&app](Request& request) {
                    return json_response(upload_json(require_upload(app, request.parameter("id"))));
                  }});
  app.router.add({.method = "DELETE", .pattern = one, .answer = [&app](Request& request) {
                    app.library.uploads().remove(require_upload(app, request.parameter("id")).id);
                    return no_content();
                  }});
  app.router.add({.method = "GET", .pattern = one + "/data", .answer = [&app](Request& request) {
                    return data_of(app, require_upload(app, request.parameter("id")));
                  }});
  app.router.add(
      {.method = "GET", .pattern = one + "/picture.png", .answer = [&app](Request& request) {
         return picture_of(app, require_upload(app, request.parameter("id")));
       }});
  app.router.add({.method = "POST",
                  .pattern = "/api/v1/clips",
                  .answer = [&app](Request& request) { return keep(app, request); },
                  .body = BodyKind::Text});
}

}  // namespace riffle::server
