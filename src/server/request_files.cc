// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/request_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "library/ids.h"
#include "pipelines/compose.h"

namespace riffle::server {
namespace {

using pipelines::Field;

// The first one that has it; null: none.
const Field* field_where(const std::vector<Field>& fields, bool pipelines::FieldInfo::*flag) {
  const auto found =
      std::ranges::find_if(fields, [flag](const Field& field) { return field.info.*flag; });
  return found == fields.end() ? nullptr : &*found;
}

// The fields of the object that hold text of files: on_file(name, value).
template <class AnyJson, class OnFile>
void visit_fields(const std::vector<Field>& fields, AnyJson& object, const std::string& where,
                  const OnFile& on_file) {
  for (const Field& field : fields) {
    const auto found = object.find(field.info.name);
    if (!field.info.is_file || found == object.end() || !found->is_string()) continue;
    if (!found->template get_ref<const std::string&>().empty()) {
      on_file(where + field.info.name, *found);
    }
  }
}

// Those of the whole request, whose plan is an object.
template <class AnyJson, class OnFile>
void visit_files(const std::vector<Field>& fields, AnyJson& request, const OnFile& on_file) {
  visit_fields(fields, request, "", on_file);
  const Field* field = field_where(fields, &pipelines::FieldInfo::is_plan);
  if (field == nullptr) return;
  const auto plan = request.find(field->info.name);
  if (plan == request.end() || !plan->is_object()) return;
  const std::vector<Field> own = pipelines::fields_of<pipelines::ComposeTrack>();
  size_t number = 0;
  for (auto& track : plan->at("tracks")) {
    visit_fields(own, track, fmt::format("{}: track {}: ", field->info.name, ++number), on_file);
  }
}

bool is_absent(const Json& request, const std::string& name) {
  const auto found = request.find(name);
  return found == request.end() || found->is_null() || *found == "" || found->empty();
}

Json plan_of_list(const Json& list, const std::string& name) {
  Json tracks = Json::array();
  const bool fine =
      list.is_array() && std::ranges::all_of(list, [](const Json& id) { return id.is_string(); });
  if (!fine) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("request: {} must be a list of ids of uploads and clips", name),
                "this server's folders are not read: upload the recordings first");
  }
  for (const Json& id : list) tracks.push_back({{"like", id}});
  return {{"tracks", std::move(tracks)}};
}

// Whatever text it is, it is never the name of a file.
Json plan_of_text(const std::string& text, const std::string& name) {
  try {
    return parse_json(text, "request: " + name);
  } catch (const Error& error) {
    throw Error(ErrorCode::InvalidArgument, error.message(),
                "the tracks themselves are wanted, not the name of a file");
  }
}

}  // namespace

void settle_plan(const std::vector<Field>& fields, Json& request, const Sources& sources) {
  const Field* plan = field_where(fields, &pipelines::FieldInfo::is_plan);
  if (plan == nullptr) return;
  const std::string& name = plan->info.name;
  const Field* folder = field_where(fields, &pipelines::FieldInfo::is_folder);
  const bool has_list = folder != nullptr && !is_absent(request, folder->info.name);
  if (has_list != is_absent(request, name)) {
    throw Error(
        ErrorCode::InvalidArgument,
        has_list ? "request: the tracks were given as a plan and as a list of recordings"
                 : "request: there is nothing to compose from",
        R"(give a plan, for example {"tracks": [{"prompt": "drums"}, {"like": "up_..."}]})");
  }
  Json given =
      has_list ? plan_of_list(request.at(folder->info.name), folder->info.name) : request.at(name);
  if (folder != nullptr) request.erase(folder->info.name);
  if (given.is_string()) given = plan_of_text(given.get_ref<const std::string&>(), name);
  std::vector<pipelines::ComposeTrack> tracks = pipelines::tracks_of_plan(given);
  for (size_t i = 0; i < tracks.size(); ++i) {
    pipelines::ComposeTrack& track = tracks[i];
    if (track.style.like.empty()) continue;
    sources.require(track.style.like, fmt::format("request: {}: track {}: like", name, i + 1));
    if (track.name.empty() && track.style.prompt.empty()) {
      track.name = pipelines::plain_name(sources.title_of(track.style.like));
    }
  }
  request[name] = Json(pipelines::plan_of(tracks));
}

void require_files(const pipelines::PipelineEntry& pipeline, const Json& request,
                   const Sources& sources) {
  visit_files(pipeline.fields(), request, [&](const std::string& field, const Json& id) {
    sources.require(id.get_ref<const std::string&>(), "request: " + field);
    if (pipeline.kind == pipelines::ModelKind::Band) {
      sources.require_sound(id.get_ref<const std::string&>(), "request: " + field);
    }
  });
}

std::vector<std::string> ids_in(const std::vector<Field>& fields, const Json& request) {
  std::vector<std::string> ids;
  visit_files(fields, request, [&](const std::string&, const Json& value) {
    const auto& id = value.get_ref<const std::string&>();
    const bool of_library = library::is_id(id, "clip_") || library::is_id(id, "up_");
    if (of_library && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  });
  return ids;
}

RequestFiles::RequestFiles(std::vector<Field> fields, Json& request, const Finder& find)
    : fields_(std::move(fields)) {
  visit_files(fields_, request, [&](const std::string& field, Json& value) {
    const auto id = value.get<std::string>();
    const std::filesystem::path path = find(field, id);
    add(path, id);
    value = path.string();
  });
}

void RequestFiles::add(const std::filesystem::path& path, const std::string& id) {
  ids_[path.string()] = id;
}

OrderedJson RequestFiles::with_ids(OrderedJson request) const {
  if (const Field* plan = field_where(fields_, &pipelines::FieldInfo::is_plan)) {
    const auto found = request.find(plan->info.name);
    if (found != request.end() && found->is_string()) {
      *found = OrderedJson::parse(found->get_ref<const std::string&>());
    }
  }
  if (const Field* folder = field_where(fields_, &pipelines::FieldInfo::is_folder)) {
    request.erase(folder->info.name);
  }
  visit_files(fields_, request, [&](const std::string&, OrderedJson& value) {
    const auto known = ids_.find(value.get_ref<const std::string&>());
    if (known != ids_.end()) value = known->second;
  });
  return request;
}

std::string RequestFiles::with_ids(std::string text) const {
  for (const auto& [path, id] : ids_) {
    if (path.empty() || id.empty()) continue;
    for (size_t at = text.find(path); at != std::string::npos;
         at = text.find(path, at + id.size())) {
      text.replace(at, path.size(), id);
    }
  }
  return text;
}

}  // namespace riffle::server
