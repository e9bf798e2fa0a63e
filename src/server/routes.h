// SPDX-License-Identifier: GPL-3.0-or-later
// The routes, one function and one file a group. To add a group: its file, its line here and its
// line in routes.cc; its paths belong into docs/openapi.json.
#pragma once

#include "server/app.h"
#include "server/problem.h"

namespace riffle::server {

void add_service_routes(App& app);  // health, metrics, capabilities, events
void add_model_routes(App& app);
void add_job_routes(App& app);
void add_jam_routes(App& app);
void add_upload_routes(App& app);
void add_clip_routes(App& app);
void add_riffusion_routes(App& app);
void add_openai_routes(App& app);

void add_all_routes(App& app);

// What went wrong, for paths below /v1.
Response openai_error(const Problem& problem);

// The studio's files, for paths that are no route: those of a folder, or those built in.
Response studio_file(const App& app, const Request& request);

}  // namespace riffle::server
