// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge_band.h"

#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include "audio/audio_writer.h"
#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "corpus/effects.h"
#include "eval/frechet.h"
#include "eval/judge_sound.h"
#include "eval/tally.h"

namespace riffle::eval {
namespace {

namespace fs = std::filesystem;

constexpr double kLeastWay = 0.7;          // of the way from mixed up to true
constexpr double kLeastInstruments = 0.8;  // of the ceiling
// A stem that does not keep to the grid itself has no beat others could keep.
constexpr double kLeastBeat = 0.15;
constexpr double kFloorDb = -60;

// Where a stem comes from.
enum Source : size_t { Model, True, Chance, TempoAndKey, Shuffled, kSources };
constexpr std::array<const char*, kSources> kNames{
    "", "", "a stem by chance", "another song's, same tempo and key", "made for other music"};

struct Scores {
  std::array<Mean, kSources> beat;
  std::array<Mean, kSources> chords;
};

audio::Waveform sum_of(const audio::Waveform& context, const audio::Waveform& stem) {
  audio::Waveform sum = context;
  audio::Waveform part = stem;
  part.samples[0].resize(sum.samples[0].size(), 0.0F);
  corpus::add_scaled(sum, part, 1);
  return sum;
}

bool hears(const TagVerdict& heard, const BandItem& item) {
  if (item.drums) return heard.drums;
  return std::ranges::find(heard.instruments, item.instrument) != heard.instruments.end();
}

class BandJudges {
 public:
  BandJudges(const BandPlayer& player, const std::vector<BandItem>& items, const Judge* judge,
             const JudgeBandOptions& options, const Job& job)
      : player_(player), items_(items), judge_(judge), options_(options), job_(job) {}

  Report run() {
    for (size_t i = 0; i < items_.size(); ++i) {
      job_.report("stems", static_cast<int64_t>(i), static_cast<int64_t>(items_.size()));
      stems_.push_back(play(i, 0));
      if (!options_.folder.empty()) keep(i);
    }
    for (size_t i = 0; i < items_.size(); ++i) {
      job_.check();
      judge_item(i);
    }
    Report report{.model = player_.name, .rows = {}, .notes = {}, .pieces = std::move(pieces_)};
    add_agreement(report, scores_.beat, "beat", "onsets on the beat grid");
    add_agreement(report, scores_.chords, "chords", "tones of the chords");
    if (judge_ != nullptr) add_instruments(report);
    if (player_.embed) add_embeddings(report);
    if (player_.through_codec) add_codec(report);
    job_.report("stems", static_cast<int64_t>(items_.size()), static_cast<int64_t>(items_.size()));
    return report;
  }

 private:
  Job inner() const { return {job_.stop, {}}; }

  audio::Waveform play(size_t i, int64_t take) const {
    return player_.play(items_[i].context, items_[i].like,
                        options_.seed + i + static_cast<uint64_t>(take) * 100'000, inner());
  }

  void keep(size_t i) const {
    const fs::path folder(options_.folder);
    fs::create_directories(folder);
    const auto write = [&](const char* name, const audio::Waveform& sound) {
      audio::write_audio(folder / fmt::format("{:03}-{}.flac", i, name), sound,
                         {.maybe_sample_type = audio::SampleType::Int16});
    };
    write("context", items_[i].context);
    write("stem", stems_[i]);
    write("true", items_[i].stem);
    write("mix", sum_of(items_[i].context, stems_[i]));
  }

  // What is judged in item i's place, of each source.
  const audio::Waveform& stem_of(Source source, size_t i) const {
    switch (source) {
      case Model:
        return stems_[i];
      case Chance:
        return items_[of_another_song(items_, i)].stem;
      case TempoAndKey:
        return items_[like_tempo_and_key(items_, i)].stem;
      case Shuffled:
        return stems_[of_another_song(items_, i)];
      default:
        return items_[i].stem;
    }
  }

  void judge_item(size_t i) {
    const BandItem& item = items_[i];
    std::array<std::optional<double>, kSources> beat;
    std::array<std::optional<double>, kSources> chords;
    for (size_t s = 0; s < kSources; ++s) {
      const audio::Waveform& stem = stem_of(static_cast<Source>(s), i);
      beat[s] = beat_agreement(onset_strength(stem, inner()), item.grid);
      chords[s] = chord_agreement(chroma_of(stem, inner()), item.chords);
    }
    if (beat[True] && *beat[True] >= kLeastBeat) {
      for (size_t s = 0; s < kSources; ++s) scores_.beat[s].add(beat[s].value_or(0));
    }
    if (!item.drums && chords[True]) {
      for (size_t s = 0; s < kSources; ++s) scores_.chords[s].add(chords[s].value_or(0));
    }
    pieces_.push_back({{"song", item.song},
                       {"stem", item.drums ? "drums" : item.instrument},
                       {"soundfont", item.soundfont},
                       {"beat", json_of(beat[Model])},
                       {"true_beat", json_of(beat[True])},
                       {"chords", json_of(chords[Model])},
                       {"true_chords", json_of(chords[True])}});
    if (judge_ != nullptr) judge_instruments(i);
  }

  void judge_instruments(size_t i) {
    const BandItem& item = items_[i];
    const TagVerdict heard = judge_tags(*judge_, stems_[i], inner());
    const TagVerdict real = judge_tags(*judge_, item.stem, inner());
    if (item.drums || judge_->place_of_instrument(item.instrument) >= 0) {
      const bool right = hears(heard, item);
      const bool could_be_right = hears(real, item);
      right_.add(right);
      could_be_right_.add(could_be_right);
      if (player_.through_codec) {
        const audio::Waveform coded = player_.through_codec(item.stem, inner());
        right_through_codec_.add(hears(judge_tags(*judge_, coded, inner()), item));
      }
      OrderedJson& piece = pieces_.back();
      piece["heard"] = heard.instruments;
      piece["heard_in_true"] = real.instruments;
      piece["right"] = right;
      piece["could_be_right"] = could_be_right;
    }
    if (!item.drums) {
      alone_.add(!heard.drums);
      could_be_alone_.add(!real.drums);
    }
  }

  static void add_agreement(Report& report, const std::array<Mean, kSources>& scores,
                            const std::string& name, const std::string& title) {
    const auto value = scores[Model].value();
    const auto real = scores[True].value();
    const auto shuffled = scores[Shuffled].value();
    Row row{.name = name,
            .title = title,
            .maybe_value = value,
            .maybe_ceiling = real,
            .count = scores[Model].count()};
    if (value) {
      row.maybe_least = *shuffled + kLeastWay * (*real - *shuffled);
      for (const Source baseline : {Chance, TempoAndKey, Shuffled}) {
        row.maybe_least = std::max(*row.maybe_least, *scores[baseline].value());
      }
      if (const auto way = share_of_way(*value, *shuffled, *real)) {
        row.note = fmt::format("{:.0f} % of the way", 100 * *way);
      }
    }
    report.rows.push_back(std::move(row));
    for (const Source baseline : {Chance, TempoAndKey, Shuffled}) {
      report.rows.push_back({.name = fmt::format("{}_{}", name, static_cast<int>(baseline)),
                             .title = fmt::format("  {}", kNames[baseline]),
                             .maybe_value = scores[baseline].value(),
                             .count = scores[baseline].count()});
    }
  }

  void add_instruments(Report& report) const {
    Row row{.name = "instrument",
            .title = "the instrument wished for is heard",
            .maybe_value = right_.value(),
            .maybe_ceiling = could_be_right_.value(),
            .percent = true,
            .count = right_.count()};
    if (row.maybe_ceiling) row.maybe_least = kLeastInstruments * *row.maybe_ceiling;
    report.rows.push_back(std::move(row));
    // What the codec alone costs; no model that is made of it should be expected to do better.
    report.rows.push_back({.name = "instrument_codec",
                           .title = "  the true stem through the codec",
                           .maybe_value = right_through_codec_.value(),
                           .percent = true,
                           .count = right_through_codec_.count()});
    report.rows.push_back({.name = "only_the_stem",
                           .title = "no drums in what is no drum stem",
                           .maybe_value = alone_.value(),
                           .maybe_ceiling = could_be_alone_.value(),
                           .percent = true,
                           .count = alone_.count()});
  }

  template <class F>
  at::Tensor embeddings(const F& sound_of) const {
    std::vector<at::Tensor> rows;
    for (size_t i = 0; i < items_.size(); ++i) {
      job_.check();
      rows.push_back(player_.embed(sound_of(i), inner()));
    }
    return at::stack(rows);
  }

  void add_embeddings(Report& report) const {
    const auto count = static_cast<int64_t>(items_.size());
    const auto mixes = [&](Source source) {
      return embeddings([&](size_t i) { return sum_of(items_[i].context, stem_of(source, i)); });
    };
    const at::Tensor real = mixes(True);
    const at::Tensor mixed_up = mixes(Chance);
    report.rows.push_back({.name = "adherence",
                           .title = "accompaniment prompt adherence",
                           .maybe_value = prompt_adherence(mixes(Model), real, mixed_up),
                           .maybe_ceiling = 1,
                           .count = count});
    report.rows.push_back({.name = "adherence_shuffled",
                           .title = fmt::format("  {}", kNames[Shuffled]),
                           .maybe_value = prompt_adherence(mixes(Shuffled), real, mixed_up),
                           .count = count});
    const at::Tensor made = embeddings([&](size_t i) { return stems_[i]; });
    const at::Tensor true_stems = embeddings([&](size_t i) { return items_[i].stem; });
    report.rows.push_back(
        {.name = "frechet",
         .title = "Frechet distance of stems to true ones",
         .maybe_value = frechet_distance(fit_gaussian(made), fit_gaussian(true_stems)),
         .count = count});
    const at::Tensor alike = (made * true_stems).sum(1);
    report.rows.push_back({.name = "style",
                           .title = "likeness to the sound wished for",
                           .maybe_value = alike.mean().item<double>(),
                           .maybe_ceiling = 1,
                           .count = count});
    add_diversity(report, made);
  }

  // How unlike takes for one context are.
  void add_diversity(Report& report, const at::Tensor& made) const {
    Mean unlike;
    const auto items = std::min<size_t>(items_.size(), static_cast<size_t>(options_.diverse_items));
    for (size_t i = 0; i < items; ++i) {
      std::vector<at::Tensor> takes{made[static_cast<int64_t>(i)]};
      for (int64_t take = 1; take < options_.takes; ++take) {
        takes.push_back(player_.embed(play(i, take), inner()));
      }
      for (size_t a = 0; a < takes.size(); ++a) {
        for (size_t b = 0; b < a; ++b) unlike.add(1 - takes[a].dot(takes[b]).item<double>());
      }
    }
    report.rows.push_back({.name = "diversity",
                           .title = "unlikeness of takes with other seeds",
                           .maybe_value = unlike.value(),
                           .count = unlike.count()});
  }

  void add_codec(Report& report) const {
    Mean distance;
    const auto items = std::min<size_t>(items_.size(), static_cast<size_t>(options_.codec_items));
    for (size_t i = 0; i < items; ++i) {
      job_.check();
      distance.add(log_spectral_distance(items_[i].stem,
                                         player_.through_codec(items_[i].stem, inner()), inner()));
    }
    report.rows.push_back({.name = "codec",
                           .title = "log spectral distance of the codec, dB",
                           .maybe_value = distance.value(),
                           .count = distance.count()});
  }

  const BandPlayer& player_;
  const std::vector<BandItem>& items_;
  const Judge* judge_;
  const JudgeBandOptions& options_;
  const Job& job_;
  std::vector<audio::Waveform> stems_;
  OrderedJson pieces_ = OrderedJson::array();
  Scores scores_;
  Share right_;
  Share could_be_right_;
  Share right_through_codec_;
  Share alone_;
  Share could_be_alone_;
};

}  // namespace

Report judge_band(const BandPlayer& player, const std::vector<BandItem>& items, const Judge* judge,
                  const JudgeBandOptions& options, const Job& job) {
  const bool two = std::ranges::any_of(
      items, [&](const BandItem& item) { return item.song != items.front().song; });
  if (!two) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("{} pieces of one song or none: other songs are what it is held against",
                    items.size()),
        "a corpus with more held-out songs: riffle corpus synth --stems --songs 500");
  }
  return BandJudges(player, items, judge, options, job).run();
}

double prompt_adherence(const at::Tensor& candidates, const at::Tensor& real,
                        const at::Tensor& mixed_up) {
  const Gaussian c = fit_gaussian(candidates);
  const Gaussian r = fit_gaussian(real);
  const Gaussian wrong = fit_gaussian(mixed_up);
  const double to_real = frechet_distance(c, r);
  const double to_wrong = frechet_distance(c, wrong);
  const double between = frechet_distance(r, wrong);
  const double scale = 2 * std::max(between, std::abs(to_wrong - to_real));
  return scale > 0 ? 0.5 + (to_wrong - to_real) / scale : 0.5;
}

double log_spectral_distance(const audio::Waveform& a, const audio::Waveform& b, const Job& job) {
  audio::SpectrogramParams params;
  params.sample_rate = a.sample_rate;
  params.num_frequencies = 128;
  const audio::MelSpectrogram x = audio::encode_spectrogram(a, params, job);
  const audio::MelSpectrogram y = audio::encode_spectrogram(b, params, job);
  const size_t count = std::min(x.values.size(), y.values.size());
  float peak = 0;
  for (size_t i = 0; i < count; ++i) peak = std::max({peak, x.values[i], y.values[i]});
  const double floor = peak * std::pow(10, kFloorDb / 20);
  double sum = 0;
  double heard = 0;
  for (size_t i = 0; i < count; ++i) {
    const double p = std::max<double>(x.values[i], floor);
    const double q = std::max<double>(y.values[i], floor);
    if (x.values[i] <= floor && y.values[i] <= floor) continue;
    const double difference = 20 * std::log10(p / q);
    sum += difference * difference;
    ++heard;
  }
  return heard > 0 ? std::sqrt(sum / heard) : 0;
}

}  // namespace riffle::eval
