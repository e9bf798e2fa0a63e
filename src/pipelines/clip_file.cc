// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/clip_file.h"

#include "pipelines/sound_file.h"

namespace riffle::pipelines {

audio::AudioWriterOptions clip_writer_options(const Clip& clip) {
  audio::AudioWriterOptions writer;
  writer.maybe_max_frames = clip.sound.frames();
  const std::string prompt = clip.request.value("prompt", "");
  if (!prompt.empty()) audio::set_tag(writer.tags, "title", prompt);
  audio::set_tag(writer.tags, kRequestTag, clip.request.dump());
  if (clip.maybe_bpm) {
    writer.maybe_tempo = audio::TempoMarks{
        .bpm = *clip.maybe_bpm,
        .beats = clip.beats,
        .beats_per_bar = static_cast<int>(clip.request.value("beats_per_bar", int64_t{4})),
        .loop = clip.loop};
  }
  return writer;
}

}  // namespace riffle::pipelines
