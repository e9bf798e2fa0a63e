// SPDX-License-Identifier: GPL-3.0-or-later
// The request and the answer of Riffusion's own server, read and written as it did.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pipelines/riffuse.h"

namespace riffle::server {

struct RiffusionInput {
  pipelines::RiffuseRequest request = {};
  std::string seed_image_id = "og_beat";
  std::string mask_image_id = {};  // empty: none
};

// What its validation (dacite) says of a request: unknown keys are passed over, whole numbers are
// taken for fractions, true and false for whole numbers.
struct RiffusionRefusal {
  std::string text;
};
// Throws RiffusionRefusal, and Error{BadFile} for what is no JSON at all.
RiffusionInput read_riffusion_input(std::string_view body);

// {"image": "data:image/jpeg;base64,...", "audio": "data:audio/mpeg;base64,...", "duration_s": ...}
// as Python's json.dumps writes it, lines of 76 letters in the base64.
std::string riffusion_output(std::span<const uint8_t> jpeg, std::span<const uint8_t> mp3,
                             double duration_s);

}  // namespace riffle::server
