// SPDX-License-Identifier: GPL-3.0-or-later
// The files a request names, in its file fields and in the tracks of its plan: ids as it is
// submitted, paths as pipelines read it, ids again in what clips say of themselves.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "pipelines/registry.h"
#include "server/sources.h"

namespace riffle::server {

// Writes the plan of a request, which may be text, and the list of recordings that may stand in its
// place, as one object whose tracks have names. Requests of pipelines without a plan stay as they
// are. Throws Error{InvalidArgument}, ProblemError{400, 404}.
void settle_plan(const std::vector<pipelines::Field>& fields, Json& request,
                 const Sources& sources);

// That every id is one of a thing that is there, and for models that read nothing else a sound.
// Throws ProblemError{400, 404, 422}.
void require_files(const pipelines::PipelineEntry& pipeline, const Json& request,
                   const Sources& sources);

// Ids of clips and uploads in a request, each once.
std::vector<std::string> ids_in(const std::vector<pipelines::Field>& fields, const Json& request);

class RequestFiles {
 public:
  using Finder =
      std::function<std::filesystem::path(const std::string& field, const std::string& id)>;

  // Replaces the ids of a request that was checked.
  RequestFiles(std::vector<pipelines::Field> fields, Json& request, const Finder& find);

  // A path that stands in the request for that id, or for nothing.
  void add(const std::filesystem::path& path, const std::string& id);

  // What a clip says of itself, as it may be submitted again.
  OrderedJson with_ids(OrderedJson request) const;
  // Notes and errors name files by their ids.
  std::string with_ids(std::string text) const;

 private:
  std::vector<pipelines::Field> fields_;
  std::map<std::string, std::string> ids_;  // by path
};

}  // namespace riffle::server
