// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/make_judge.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "eval/judge_sound.h"
#include "eval/learn_keys.h"
#include "eval/levels.h"
#include "pipelines/music_model.h"

namespace riffle::eval {
namespace {

// Everything a split's windows are labelled with and heard as.
struct Heard {
  LabelledBatch labels;
  Tags tags;
};

Heard listen_to(const Judge& judge, const JudgeData& data, std::span<const Piece> pieces,
                const Job& job) {
  Heard heard{.labels = data.batch(pieces, nullptr), .tags = {}};
  heard.tags = judge.listen(heard.labels.levels, job);
  return heard;
}

std::vector<Piece> shuffled(std::vector<Piece> pieces, uint64_t seed, int64_t most) {
  std::mt19937_64 random(seed);
  std::shuffle(pieces.begin(), pieces.end(), random);
  if (std::ssize(pieces) > most) pieces.resize(static_cast<size_t>(most));
  return pieces;
}

// Of the labels that are there, the share that is heard.
double share_found(const at::Tensor& probabilities, const at::Tensor& labels,
                   const std::vector<double>& thresholds) {
  const at::Tensor limits = at::tensor(thresholds, at::kDouble).to(at::kFloat);
  const at::Tensor found = probabilities.gt(limits).to(at::kFloat) * labels;
  const double all = labels.sum().item<double>();
  return all > 0 ? found.sum().item<double>() / all : 0;
}

double share_right(const at::Tensor& probabilities, const at::Tensor& labels, double threshold) {
  return probabilities.gt(threshold).eq(labels.gt(0.5)).to(at::kFloat).mean().item<double>();
}

double share_of_genres(const Heard& heard) {
  const at::Tensor known = heard.labels.genres.ge(0);
  if (!known.any().item<bool>()) return 0;
  const at::Tensor right = heard.tags.genres.argmax(1).eq(heard.labels.genres);
  return right.masked_select(known).to(at::kFloat).mean().item<double>();
}

void measure_tags(Judge& judge, const Heard& heard, const std::string& suffix) {
  const auto set = [&](const char* name, double value) { judge.ceilings[name + suffix] = value; };
  set("instrument",
      share_found(heard.tags.instruments, heard.labels.instruments, judge.instrument_thresholds));
  set("family", share_found(heard.tags.families, heard.labels.families, judge.family_thresholds));
  set("drums", share_right(heard.tags.drums, heard.labels.drums, judge.drum_threshold));
  set("genre", share_of_genres(heard));
}

// Real music by one of the instruments that covers are played on, alone: how often it is heard
// before the others.
void measure_favourites(Judge& judge, const JudgeData& data, std::span<const Piece> pieces,
                        const Job& job) {
  const std::vector<int64_t> places = cover_places(judge);
  std::vector<Piece> alone;
  std::vector<int64_t> right;
  for (const Piece& piece : pieces) {
    const shards::Segment& segment = data.segment(piece);
    if (!segment.solo()) continue;
    const int64_t place = judge.place_of_instrument(segment.instruments.front());
    if (std::ranges::find(places, place) == places.end()) continue;
    alone.push_back(piece);
    right.push_back(place);
  }
  if (alone.empty()) return;
  const Heard heard = listen_to(judge, data, alone, job);
  int64_t found = 0;
  for (size_t i = 0; i < alone.size(); ++i) {
    const auto tags = heard.tags.instruments[static_cast<int64_t>(i)];
    found += judge.favourite(tags, places) == right[i] ? 1 : 0;
  }
  judge.ceilings["cover_instrument"] =
      static_cast<double>(found) / static_cast<double>(alone.size());
}

audio::Waveform sound_of(const Judge& judge, const JudgeData& data, const Piece& piece,
                         const Job& job) {
  return sound_of_levels(data.middle(piece), judge.params, data.record(piece).max_value, 24,
                         Job{job.stop, {}});
}

// None for drums alone, and where the key is not known.
std::optional<Key> key_of(const JudgeData& data, const Piece& piece) {
  const shards::Record& record = data.record(piece);
  const auto tonic = record.maybe_key ? pitch_class_of(*record.maybe_key) : std::nullopt;
  const bool pitched =
      std::ranges::any_of(data.segment(piece).instruments,
                          [](const std::string& word) { return !family_of(word).empty(); });
  if (!tonic || !record.maybe_mode || !pitched) return {};
  return Key{*tonic, *record.maybe_mode};
}

// From windows heard through the codec, as a model's clips are.
KeyModel keys_of(const Judge& judge, const JudgeData& data, std::span<const Piece> pieces,
                 const Job& job) {
  std::vector<KeyExample> examples;
  for (size_t i = 0; i < pieces.size(); ++i) {
    job.check();
    if (const auto key = key_of(data, pieces[i])) {
      examples.push_back({key_features(chroma_of(sound_of(judge, data, pieces[i], job))), *key});
    }
    job.report("keys", static_cast<int64_t>(i) + 1, std::ssize(pieces));
  }
  return learn_keys(examples);
}

// Tempo and key of real held-out windows, heard through the codec as a model's clips are.
void measure_sounds(Judge& judge, const JudgeData& data, std::span<const Piece> pieces,
                    const Job& job) {
  int64_t tempi = 0;
  int64_t right_tempi = 0;
  int64_t keys = 0;
  int64_t right_keys = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    job.check();
    const shards::Record& record = data.record(pieces[i]);
    const audio::Waveform sound = sound_of(judge, data, pieces[i], job);
    if (record.maybe_bpm) {
      ++tempi;
      const Tempo tempo = estimate_tempo(onset_strength(sound));
      right_tempi += tempo_agrees(tempo.bpm, *record.maybe_bpm) ? 1 : 0;
    }
    if (const auto key = key_of(data, pieces[i])) {
      ++keys;
      const auto ranking = rank_keys(key_features(chroma_of(sound)), judge.keys, {key->mode});
      right_keys += key_among(ranking, *key, 2) ? 1 : 0;
    }
    job.report("tempo and key", static_cast<int64_t>(i) + 1, std::ssize(pieces));
  }
  if (tempi > 0) {
    judge.ceilings["tempo"] = static_cast<double>(right_tempi) / static_cast<double>(tempi);
  }
  if (keys > 0) judge.ceilings["key"] = static_cast<double>(right_keys) / static_cast<double>(keys);
}

// Soundfonts the training split never has.
std::set<std::string> unseen_soundfonts(const shards::ShardReader& reader) {
  std::set<std::string> unseen;
  for (const shards::Record& record : reader.records()) unseen.insert(record.soundfont);
  for (const size_t i : reader.indices(shards::Split::Train)) {
    unseen.erase(reader.records()[i].soundfont);
  }
  return unseen;
}

std::vector<Asked> held_out_prompts(const JudgeData& data, std::span<const Piece> pieces,
                                    std::mt19937_64& random) {
  std::vector<Asked> prompts;
  for (const Piece& piece : pieces) {
    const shards::Segment& segment = data.segment(piece);
    const std::string& caption = segment.captions[random() % segment.captions.size()];
    prompts.push_back(asked_by_caption(caption, data.record(piece), segment));
  }
  return prompts;
}

std::vector<Piece> require_pieces(const JudgeData& data, shards::Split split) {
  std::vector<Piece> pieces = data.pieces(split);
  if (pieces.size() < 2) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the corpus has {} windows of split \"{}\", a judge needs some hundred",
                            pieces.size(), shards::name_of(split)),
                "make more songs, or wait until more shards are there");
  }
  return pieces;
}

}  // namespace

std::vector<double> equal_thresholds(const at::Tensor& probabilities, const at::Tensor& labels) {
  std::vector<double> thresholds;
  for (int64_t k = 0; k < probabilities.size(1); ++k) {
    const auto there = static_cast<int64_t>(labels.select(1, k).sum().item<double>() + 0.5);
    if (there == 0 || there >= probabilities.size(0)) {
      thresholds.push_back(0.5);
      continue;
    }
    const auto [sorted, order] = probabilities.select(1, k).sort(0, /*descending=*/true);
    // Between the last that counts and the first that does not.
    thresholds.push_back((sorted[there - 1].item<double>() + sorted[there].item<double>()) / 2);
  }
  return thresholds;
}

Judge make_judge(const shards::ShardReader& reader, const MakeJudgeOptions& options,
                 const Job& job) {
  Judge judge;
  judge.spectrogram = Json::parse(reader.header().spectrogram.dump());
  judge.params = pipelines::spectrogram_params_from_json(judge.spectrogram, "corpus.json");
  const JudgeData data(reader, vocabulary_of(reader));
  const auto training = require_pieces(data, shards::Split::Train);
  const auto validation = require_pieces(data, shards::Split::Valid);
  const auto test = require_pieces(data, shards::Split::Test);
  at::manual_seed(options.training.seed);
  judge.tagger = std::make_shared<Tagger>(data.config());
  train_tagger(*judge.tagger, data, training, options.training, job);

  constexpr int64_t kMost = 2000;
  const Heard valid = listen_to(judge, data, shuffled(validation, 1, kMost), job);
  judge.instrument_thresholds = equal_thresholds(valid.tags.instruments, valid.labels.instruments);
  judge.family_thresholds = equal_thresholds(valid.tags.families, valid.labels.families);
  const std::set<std::string> unseen = unseen_soundfonts(reader);
  std::vector<Piece> known_sound;
  std::vector<Piece> unseen_sound;
  for (const Piece& piece : shuffled(test, 2, kMost)) {
    (unseen.contains(data.record(piece).soundfont) ? unseen_sound : known_sound).push_back(piece);
  }
  if (known_sound.empty()) known_sound = unseen_sound;
  measure_tags(judge, listen_to(judge, data, known_sound, job), "");
  if (!unseen_sound.empty()) {
    measure_tags(judge, listen_to(judge, data, unseen_sound, job), ", unseen soundfont");
  }
  measure_favourites(judge, data, test, job);
  judge.keys = keys_of(judge, data, shuffled(training, 7, options.key_clips), job);
  measure_sounds(judge, data, shuffled(known_sound, 3, options.decoded), job);

  const auto reference = shuffled(test, 4, options.reference_clips);
  const Heard held_out = listen_to(judge, data, reference, job);
  judge.held_out = held_out.tags.embeddings;
  judge.real = steepness(held_out.labels.levels);
  judge.training =
      listen_to(judge, data, shuffled(training, 5, options.reference_clips), job).tags.embeddings;
  std::mt19937_64 random(options.training.seed);
  judge.prompts = held_out_prompts(data, shuffled(test, 6, options.prompts), random);
  judge.made_of = {{"records", reader.records().size()}, {"training_windows", training.size()},
                   {"test_windows", test.size()},        {"steps", options.training.steps},
                   {"batch", options.training.batch},    {"seed", options.training.seed}};
  return judge;
}

}  // namespace riffle::eval
