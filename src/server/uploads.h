// SPDX-License-Identifier: GPL-3.0-or-later
// Files that come from outside: written to disk as they arrive, looked at before they are kept.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "library/library.h"
#include "server/http.h"
#include "server/options.h"

namespace riffle::server {

// Reads the request's file into the library and says what it is: a sound, a picture, or latents, by
// its bytes, whatever its name. Nothing is left of one that is refused. Throws ProblemError{400}
// for none, {413} for one that is too large or too long, Error{BadFile} for what is none of these.
library::UploadRecord receive_upload(const Request& request, const std::string& name,
                                     library::Library& library, const Limits& limits);

}  // namespace riffle::server
