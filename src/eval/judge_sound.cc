// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge_sound.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "eval/levels.h"

namespace riffle::eval {

SoundVerdict judge_sound(const audio::Waveform& sound, const KeyModel& keys, const Job& job) {
  SoundVerdict verdict;
  verdict.duration_s = sound.duration_s();
  verdict.loudness = audio::measure_loudness(sound, audio::kUnknownLayout, job);
  verdict.tempo = estimate_tempo(onset_strength(sound, job));
  const Chroma chroma = chroma_of(sound, job);
  verdict.tuning_semitones = chroma.tuning_semitones;
  verdict.keys = rank_keys(key_features(chroma), keys);
  return verdict;
}

OrderedJson to_json(const SoundVerdict& verdict) {
  OrderedJson keys = OrderedJson::array();
  for (size_t i = 0; i < std::min<size_t>(3, verdict.keys.size()); ++i) {
    const KeyGuess& guess = verdict.keys[i];
    keys.push_back(
        {{"tonic", pitch_name(guess.key.tonic)}, {"mode", guess.key.mode}, {"score", guess.score}});
  }
  return {{"duration_s", verdict.duration_s},
          {"bpm", verdict.tempo.bpm},
          {"bpm_confidence", verdict.tempo.confidence},
          {"keys", std::move(keys)},
          {"tuning_semitones", verdict.tuning_semitones},
          {"loudness_lufs", verdict.loudness.integrated_lufs},
          {"loudness_range_lu", verdict.loudness.range_lu},
          {"true_peak_dbtp", verdict.loudness.true_peak_dbtp}};
}

TagVerdict judge_tags(const Judge& judge, const audio::Waveform& sound, const Job& job) {
  const TaggerConfig& config = judge.tagger->config();
  const at::Tensor levels = levels_of_sound(sound, judge.params, job);
  const Tags tags = judge.listen(windows_of(levels, config.frames), job);
  TagVerdict verdict;
  std::vector<std::pair<double, std::string>> heard;  // by how far above its threshold
  const at::Tensor surest = tags.instruments.amax(0);
  for (size_t k = 0; k < config.instruments.size(); ++k) {
    const double above =
        surest[static_cast<int64_t>(k)].item<double>() - judge.instrument_thresholds[k];
    if (above > 0) heard.emplace_back(above, config.instruments[k]);
  }
  std::ranges::sort(heard, std::greater{});
  for (const auto& [above, word] : heard) verdict.instruments.push_back(word);
  verdict.drums = tags.drums.max().item<double>() > judge.drum_threshold;
  if (!config.genres.empty()) {
    verdict.genre =
        config.genres[static_cast<size_t>(tags.genres.mean(0).argmax().item<int64_t>())];
  }
  verdict.blur = relative_steepness(steepness(levels), judge.real);
  return verdict;
}

OrderedJson to_json(const TagVerdict& verdict) {
  return {{"instruments", verdict.instruments},
          {"drums", verdict.drums},
          {"genre", verdict.genre},
          {"steepness_time", verdict.blur.time},
          {"steepness_frequency", verdict.blur.frequency}};
}

}  // namespace riffle::eval
