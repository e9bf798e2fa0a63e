// SPDX-License-Identifier: GPL-3.0-or-later
// What a clip's sound file says of the clip.
#pragma once

#include "audio/audio_writer.h"
#include "pipelines/clip.h"

namespace riffle::pipelines {

// Title and request as tags, tempo and loop as the format's marks. The sample type is left open.
audio::AudioWriterOptions clip_writer_options(const Clip& clip);

}  // namespace riffle::pipelines
