// SPDX-License-Identifier: GPL-3.0-or-later
// The ID3v2.4 tag at the head of an mp3 file (id3.org, "ID3 tag version 2.4.0 - Main Structure" and
// "- Native Frames"). FFmpeg would write comments as user-defined text, where players do not look.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/tags.h"

namespace riffle::audio::detail {

// Empty for no tags. title, artist, ... get their own text frames, comment COMM, lyrics USLT, every
// other key a TXXX frame with the key as its description.
std::vector<uint8_t> id3v2_tag(const Tags& tags);

}  // namespace riffle::audio::detail
