// SPDX-License-Identifier: GPL-3.0-or-later
// From a job to clips in the library: what a worker does with a pipeline's request.
#pragma once

#include <string>

#include "library/library.h"
#include "pipelines/registry.h"
#include "server/clip_keeper.h"
#include "server/job_queue.h"
#include "server/metrics.h"
#include "server/models.h"
#include "server/options.h"
#include "server/request_files.h"
#include "server/sources.h"

namespace riffle::server {

// A request as it is submitted, looked at before it is queued: what is wrong is said at once.
// Fills in the seed where it was left open. Throws Error{InvalidArgument}, ProblemError{400, 404,
// 409}.
OrderedJson checked_request(const std::string& pipeline, Json request, const Sources& sources,
                            const Limits& limits, const Models& models);

// Jobs that may be made in one forward have equal keys: the same request but for words and seeds.
std::string batch_key(const library::JobRecord& record);

class PipelineRunner {
 public:
  PipelineRunner(library::Library& library, Models& models, Sources& sources, ClipKeeper& keeper,
                 Metrics& metrics)
      : library_(library), models_(models), sources_(sources), keeper_(keeper), metrics_(metrics) {}

  void run(ServerJob& job, const JobQueue& queue);

 private:
  // A job being run: what its callbacks need.
  struct Running;
  pipelines::RunContext context_of(Running& running);
  void keep(Running& running, pipelines::Clip&& clip);
  void run_as_stream(Running& running, const Json& request, SharedModel& model);
  RequestFiles files_of(const library::JobRecord& record, pipelines::Model& model,
                        Json& request) const;
  void use_known_latents(const library::JobRecord& record, RequestFiles& files, Json& request,
                         const SharedModel& model) const;

  library::Library& library_;
  Models& models_;
  Sources& sources_;
  ClipKeeper& keeper_;
  Metrics& metrics_;
};

// A picture as PNG bytes.
std::string png_of(const image::Picture& picture);

}  // namespace riffle::server
