// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/sound_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "audio/audio_reader.h"
#include "audio/read_audio.h"
#include "audio/resample.h"
#include "core/error.h"

namespace riffle::pipelines {

SoundFile read_sound_file(const std::filesystem::path& path, const Job& job) {
  audio::AudioReader reader(path);
  SoundFile file;
  file.tags = reader.info().tags;
  const int channels = reader.info().channels;
  audio::ReadAudioOptions options;
  if (channels > 2) {
    options.maybe_channels = 2;
    file.notes.push_back(fmt::format("{}: {} channels mixed to stereo", path.string(), channels));
  }
  file.sound = audio::read_audio(reader, options, job);
  if (file.sound.frames() == 0) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: there is no sound in it", path.string()));
  }
  return file;
}

std::optional<Json> request_in(const audio::Tags& tags) {
  const std::string* text = audio::find_tag(tags, kRequestTag);
  if (text == nullptr) return {};
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("pipeline")) return {};
  return json;
}

audio::Waveform at_rate(const audio::Waveform& sound, int sample_rate, int64_t frames,
                        const Job& job) {
  audio::Waveform result = audio::resample(sound, sample_rate, Job{job.stop, {}});
  for (auto& channel : result.samples) channel.resize(static_cast<size_t>(frames), 0.0F);
  return result;
}

audio::Waveform part_of(const audio::Waveform& sound, int64_t first, int64_t last) {
  audio::Waveform part{.sample_rate = sound.sample_rate, .samples = {}};
  const int64_t begin = std::clamp<int64_t>(first, 0, sound.frames());
  const int64_t end = std::clamp<int64_t>(last, begin, sound.frames());
  for (const auto& channel : sound.samples) {
    std::vector<float> samples(static_cast<size_t>(last - first), 0.0F);
    std::copy(channel.begin() + begin, channel.begin() + end, samples.begin() + (begin - first));
    part.samples.push_back(std::move(samples));
  }
  return part;
}

}  // namespace riffle::pipelines
