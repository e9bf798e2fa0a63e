// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge_clips.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "eval/frechet.h"
#include "eval/key.h"
#include "eval/levels.h"
#include "eval/tempo.h"

namespace riffle::eval {
namespace {

// The bars of the table.
constexpr double kInstrumentShareOfCeiling = 0.85;
constexpr double kDrums = 0.95;
constexpr double kTempo = 0.80;
constexpr double kKey = 0.70;
constexpr double kFrechetUnits = 4;
constexpr double kBlurLeast = 0.9;
constexpr double kBlurMost = 1.1;
// Fewer clips than these give a Frechet distance that says little.
constexpr int64_t kFrechetClips = 500;

Row row_of(const char* name, const char* title, const Share& share) {
  return {.name = name,
          .title = title,
          .maybe_value = share.value(),
          .percent = true,
          .count = share.count(),
          .note = share.count() == 0 ? "no prompt asks for it" : ""};
}

std::optional<double> over(const Mean& mean, double real) {
  if (!mean.value() || real <= 0) return {};
  return *mean.value() / real;
}

bool asks_for_notes(const Asked& asked) {
  return std::ranges::any_of(asked.instruments,
                             [](const std::string& word) { return !family_of(word).empty(); });
}

at::Tensor first_of(const at::Tensor& embeddings, int64_t count) {
  return embeddings.narrow(0, 0, std::min(count, embeddings.size(0)));
}

}  // namespace

std::optional<double> ceiling_of(const Judge& judge, const std::string& name) {
  const auto found = judge.ceilings.find(name);
  if (found == judge.ceilings.end()) return {};
  return found->second;
}

void ClipJudges::judge_tags(const Asked& asked, const Tags& tags) {
  for (const std::string& word : asked.instruments) {
    const int64_t place = judge_.place_of_instrument(word);
    if (place >= 0) {
      instruments_.add(tags.instruments[0][place].item<double>() >
                       judge_.instrument_thresholds[static_cast<size_t>(place)]);
    }
    const int64_t family = judge_.place_of_family(family_of(word));
    if (family >= 0) {
      families_.add(tags.families[0][family].item<double>() >
                    judge_.family_thresholds[static_cast<size_t>(family)]);
    }
  }
  if (asked.maybe_drums) {
    const bool heard = tags.drums[0].item<double>() > judge_.drum_threshold;
    drums_.add(heard == *asked.maybe_drums);
  }
  const auto& genres = judge_.tagger->config().genres;
  const auto genre = std::ranges::find(genres, asked.genre);
  if (!asked.genre.empty() && genre != genres.end()) {
    genres_.add(tags.genres[0].argmax().item<int64_t>() == genre - genres.begin());
  }
}

void ClipJudges::add(const Asked& asked, const KeptClip& clip, const Job& job) {
  const Job inner{job.stop, {}};
  const at::Tensor window = windows_of(clip.levels, judge_.tagger->config().frames).narrow(0, 0, 1);
  const Tags tags = judge_.listen(window, inner);
  judge_tags(asked, tags);
  embeddings_.push_back(tags.embeddings);
  const Steepness steep = steepness(window);
  steep_in_time_.add(steep.time);
  steep_in_frequency_.add(steep.frequency);
  if (asked.maybe_bpm) {
    tempo_.add(
        tempo_agrees(estimate_tempo(onset_strength(clip.sound, inner)).bpm, *asked.maybe_bpm));
  }
  if (asked.maybe_key && asks_for_notes(asked)) {
    const auto ranking =
        rank_keys(key_features(chroma_of(clip.sound, inner)), judge_.keys, {asked.maybe_key->mode});
    key_.add(key_among(ranking, *asked.maybe_key, 2));
  }
}

std::vector<Row> ClipJudges::tag_rows() const {
  Row instruments = row_of("instrument", "instrument heard that was asked for", instruments_);
  instruments.maybe_ceiling = ceiling_of(judge_, "instrument");
  if (instruments.maybe_ceiling) {
    instruments.maybe_least = kInstrumentShareOfCeiling * *instruments.maybe_ceiling;
  }
  Row families = row_of("family", "its family heard", families_);
  families.maybe_ceiling = ceiling_of(judge_, "family");
  Row drums = row_of("drums", "drums as asked, or none", drums_);
  drums.maybe_ceiling = ceiling_of(judge_, "drums");
  drums.maybe_least = kDrums;
  Row genres = row_of("genre", "genre heard that was asked for", genres_);
  genres.maybe_ceiling = ceiling_of(judge_, "genre");
  return {instruments, families, drums, genres};
}

Row ClipJudges::frechet_row() const {
  const at::Tensor generated = at::cat(embeddings_);
  const int64_t count =
      std::min({generated.size(0), judge_.held_out.size(0), judge_.training.size(0)});
  // The same number everywhere: a distance measured on few clips is larger.
  const Gaussian held_out = fit_gaussian(first_of(judge_.held_out, count));
  const double unit = frechet_distance(held_out, fit_gaussian(first_of(judge_.training, count)));
  const double distance = frechet_distance(fit_gaussian(first_of(generated, count)), held_out);
  Row row{.name = "frechet",
          .title = "Frechet distance to held-out, over held-out to training",
          .maybe_value = unit > 0 ? std::optional(distance / unit) : std::nullopt,
          .maybe_ceiling = 1.0,
          .maybe_most = kFrechetUnits,
          .count = count};
  if (count < kFrechetClips) {
    row.note = fmt::format("on {} clips, wants {}", count, kFrechetClips);
  }
  return row;
}

std::vector<Row> ClipJudges::rows() const {
  if (embeddings_.size() < 2) {
    throw Error(ErrorCode::InvalidArgument, "two clips at least are needed to judge a model");
  }
  std::vector<Row> rows = tag_rows();
  Row tempo = row_of("tempo", "tempo within 3 %, octaves forgiven", tempo_);
  tempo.maybe_ceiling = ceiling_of(judge_, "tempo");
  tempo.maybe_least = kTempo;
  rows.push_back(tempo);
  Row key = row_of("key", "key among the two likeliest of its mode", key_);
  key.maybe_ceiling = ceiling_of(judge_, "key");
  key.maybe_least = kKey;
  rows.push_back(key);
  rows.push_back(frechet_row());
  const auto blur = [&](const char* name, const char* title, const Mean& mean, double real) {
    rows.push_back({.name = name,
                    .title = title,
                    .maybe_value = over(mean, real),
                    .maybe_ceiling = 1.0,
                    .maybe_least = kBlurLeast,
                    .maybe_most = kBlurMost,
                    .count = mean.count()});
  };
  blur("blur_time", "steepness in time over real pictures'", steep_in_time_, judge_.real.time);
  blur("blur_frequency", "steepness in frequency over real pictures'", steep_in_frequency_,
       judge_.real.frequency);
  return rows;
}

}  // namespace riffle::eval
