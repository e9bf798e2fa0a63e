// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/routes.h"

namespace riffle::server {

void add_all_routes(App& app) {
  add_service_routes(app);
  add_model_routes(app);
  add_job_routes(app);
  add_jam_routes(app);
  add_upload_routes(app);
  add_clip_routes(app);
  add_riffusion_routes(app);
  add_openai_routes(app);
}

}  // namespace riffle::server
