// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>

#include "core/error.h"
#include "eval/chroma.h"
#include "eval/judge_chords.h"
#include "eval/judge_clips.h"
#include "eval/judge_data.h"
#include "eval/levels.h"
#include "eval/loudness_steps.h"
#include "eval/media.h"
#include "eval/neighbours.h"
#include "eval/onset.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"

namespace riffle::eval {
namespace {

// The bars of the table.
constexpr double kCoverStrength = 0.45;
constexpr double kCoverMelody = 0.8;
constexpr double kCoverInstrument = 0.6;
constexpr double kOnBeat = 0.3;  // correlation of onsets above which a step is on the beat
constexpr double kLoudnessStepDb = 2;
constexpr double kNovelty = 0.9;

struct MorphPair {
  const char* from;
  const char* to;
  double bpm;
};
constexpr std::array kMorphs = {
    MorphPair{"funk slap bass and drums", "techno synth bass and 808 drums", 112},
    MorphPair{"rock electric guitar and drums", "house synth pluck and electronic drums", 120},
    MorphPair{"piano chords", "harp arpeggios", 96},
    MorphPair{"jazz piano and jazz drums", "reggae organ and drums", 100},
    MorphPair{"electronic drums", "rock drums", 128},
    MorphPair{"acoustic guitar and bass guitar", "electric piano and bass guitar", 104},
    MorphPair{"trance synth lead and electronic drums", "metal distorted guitar and rock drums",
              140},
    MorphPair{"strings and flute", "synth pad and vibraphone", 100}};

std::string clip_name(const char* kind, int64_t number) {
  return fmt::format("{}-{:04}", kind, number);
}

// own: what the judge asks for.
Json request_of(const char* pipeline, const JudgeModelOptions& options, int64_t seed, Json own) {
  own["pipeline"] = pipeline;
  own["seed"] = seed;
  set_fields(own, options.sampling);
  return own;
}

// Clips made for covers to be made of: those whose prompts name an instrument, without drums.
struct Source {
  std::string name;
  Asked asked;
};

class ModelJudgement {
 public:
  ModelJudgement(pipelines::MusicModel& model, ClipStore& store, const Judge& judge,
                 const JudgeModelOptions& options, const Job& job)
      : model_(model), store_(store), judge_(judge), options_(options), job_(job) {}

  std::vector<Row> judge_clips() {
    if (judge_.prompts.empty()) {
      throw Error(ErrorCode::InvalidArgument, "the judge has no prompts",
                  "train it on a corpus with a test split: riffle eval train-judge");
    }
    ClipJudges judges(judge_);
    for (int64_t i = 0; i < options_.clips; ++i) {
      const Asked& asked = judge_.prompts[static_cast<size_t>(i) % judge_.prompts.size()];
      const Json request =
          request_of("generate", options_, options_.seed + i, {{"prompt", asked.prompt}});
      const std::string name = clip_name("clip", i);
      const KeptClip clip = store_.clip(name, request, judge_.params, job_);
      judges.add(asked, clip, job_);
      latents_.push_back(clip.latents);
      if (!asked.instruments.empty() && asked.maybe_drums != true) {
        sources_.push_back({name, asked});
      }
      job_.report("clips", i + 1, options_.clips);
    }
    return judges.rows();
  }

  std::vector<Row> judge_covers() {
    Mean melody;
    Share instrument;
    const int64_t count = std::min<int64_t>(options_.covers, std::ssize(sources_));
    for (int64_t i = 0; i < count; ++i) {
      const Source& source = sources_[static_cast<size_t>(i)];
      const std::vector<int64_t> others = other_instruments(source.asked);
      if (others.empty()) break;
      const int64_t wanted = others[static_cast<size_t>(i) % others.size()];
      const Json request =
          request_of("cover", options_, options_.seed + i,
                     {{"file", store_.sound_path(source.name).string()},
                      {"prompt", judge_.tagger->config().instruments[static_cast<size_t>(wanted)]},
                      {"strength", kCoverStrength}});
      const KeptClip cover = store_.clip(clip_name("cover", i), request, judge_.params, job_);
      const audio::Waveform original =
          pipelines::read_sound_file(store_.sound_path(source.name), Job{job_.stop, {}}).sound;
      melody.add(chroma_correlation(chroma_of(original), chroma_of(cover.sound)));
      const Tags tags =
          judge_.listen(windows_of(cover.levels, judge_.tagger->config().frames).narrow(0, 0, 1));
      instrument.add(judge_.favourite(tags.instruments[0], others) == wanted);
      job_.report("covers", i + 1, count);
    }
    return {{.name = "cover_melody",
             .title = "cover at 0.45: chroma follows the source",
             .maybe_value = melody.value(),
             .maybe_ceiling = 1.0,
             .maybe_least = kCoverMelody,
             .count = melody.count(),
             .note = melody.count() == 0 ? "no clip to make covers of" : ""},
            {.name = "cover_instrument",
             .title = "cover at 0.45: the asked instrument is heard before others",
             .maybe_value = instrument.value(),
             .maybe_ceiling = ceiling_of(judge_, "cover_instrument"),
             .maybe_least = kCoverInstrument,
             .percent = true,
             .count = instrument.count()}};
  }

  std::vector<Row> judge_morphs() {
    constexpr int64_t kSteps = 4;
    Share on_beat;
    std::optional<double> largest_db;
    const int64_t count = std::min<int64_t>(options_.morphs, std::ssize(kMorphs));
    for (int64_t i = 0; i < count; ++i) {
      const MorphPair& pair = kMorphs[static_cast<size_t>(i)];
      const Json request = request_of("morph", options_, options_.seed + i,
                                      {{"prompt", fmt::format("{}, {} bpm", pair.from, pair.bpm)},
                                       {"to", fmt::format("{}, {} bpm", pair.to, pair.bpm)},
                                       {"clips", kSteps},
                                       {"bars", 2},
                                       {"bpm", pair.bpm}});
      const KeptClip morph = store_.clip(clip_name("morph", i), request, judge_.params, job_);
      const int64_t frames = morph.sound.frames();
      std::vector<OnsetStrength> onsets;
      for (int64_t k = 0; k < kSteps; ++k) {
        onsets.push_back(onset_strength(
            pipelines::part_of(morph.sound, frames * k / kSteps, frames * (k + 1) / kSteps)));
      }
      for (size_t k = 1; k < onsets.size(); ++k) {
        on_beat.add(onset_correlation(onsets[0], onsets[k]) > kOnBeat);
      }
      largest_db = std::max(largest_db.value_or(0),
                            largest_step_db(stretch_loudness(morph.sound, kSteps, job_)));
      job_.report("morphs", i + 1, count);
    }
    return {{.name = "morph_beat",
             .title = "morph: steps on the beat of the first",
             .maybe_value = on_beat.value(),
             .maybe_least = 1.0,
             .percent = true,
             .count = on_beat.count()},
            {.name = "morph_loudness",
             .title = "morph: largest jump of loudness, dB",
             .maybe_value = largest_db,
             .maybe_most = kLoudnessStepDb,
             .count = on_beat.count()}};
  }

  Row judge_novelty(const shards::ShardReader* corpus) {
    Row row{.name = "novelty",
            .title = "distance to training latents over held-out's",
            .maybe_ceiling = 1.0,
            .maybe_least = kNovelty};
    const pipelines::Geometry& geometry = model_.geometry();
    if (corpus == nullptr) {
      row.note = "needs --corpus";
    } else if (!(pipelines::spectrogram_params_from_json(
                     Json::parse(corpus->header().spectrogram.dump()), "corpus.json") ==
                 geometry.codec)) {
      row.note = "the corpus has other pictures than the model";
    } else {
      const JudgeData data(*corpus, judge_.tagger->config());
      const at::Tensor training = latents_of(data, shards::Split::Train);
      const at::Tensor held_out = latents_of(data, shards::Split::Test);
      const int64_t columns = training.size(-1);
      std::vector<at::Tensor> alike;
      for (const at::Tensor& made : latents_) {
        if (made.size(-1) == columns) alike.push_back(made);
      }
      if (!alike.empty()) row.maybe_value = novelty(at::cat(alike), held_out, training, job_);
      row.count = std::ssize(alike);
      if (alike.empty()) row.note = "clips and windows of the corpus differ in length";
    }
    return row;
  }

 private:
  // Places of those that covers are played on; of all it knows, where it knows none of them.
  // Without those that the prompt names.
  std::vector<int64_t> other_instruments(const Asked& asked) const {
    const auto& known = judge_.tagger->config().instruments;
    std::vector<int64_t> places = cover_places(judge_);
    if (places.empty()) {
      places.resize(known.size());
      std::iota(places.begin(), places.end(), 0);
    }
    std::erase_if(places, [&](int64_t place) {
      return std::ranges::find(asked.instruments, known[static_cast<size_t>(place)]) !=
             asked.instruments.end();
    });
    return places;
  }

  // [N, C, H, W] of one window of each of some records.
  at::Tensor latents_of(const JudgeData& data, shards::Split split) {
    std::vector<Piece> pieces = data.pieces(split);
    std::mt19937_64 random(static_cast<uint64_t>(options_.seed));
    std::shuffle(pieces.begin(), pieces.end(), random);
    const int64_t count = std::min<int64_t>(options_.neighbours, std::ssize(pieces));
    std::vector<at::Tensor> latents;
    for (int64_t i = 0; i < count; ++i) {
      const at::Tensor levels = data.middle(pieces[static_cast<size_t>(i)]);
      const at::Tensor media = media_of_levels(levels, model_.geometry().media_channels);
      latents.push_back(pipelines::encode_media(model_, media, false, Job{job_.stop, {}}));
      job_.report("latents", i + 1, count);
    }
    if (latents.empty()) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("the corpus has no window of split \"{}\"", shards::name_of(split)));
    }
    return at::cat(latents);
  }

  pipelines::MusicModel& model_;
  ClipStore& store_;
  const Judge& judge_;
  const JudgeModelOptions& options_;
  const Job& job_;
  std::vector<Source> sources_;
  std::vector<at::Tensor> latents_;
};

}  // namespace

JudgeModelOptions quick_options() {
  return {.clips = 40, .covers = 16, .morphs = 1, .chords = 16, .neighbours = 200};
}

Report judge_model(pipelines::MusicModel& model, ClipStore& store, const Judge& judge,
                   const shards::ShardReader* corpus, const JudgeModelOptions& options,
                   const Job& job) {
  Report report{.model = model.name(), .rows = {}, .notes = {}};
  ModelJudgement judgement(model, store, judge, options, job);
  const auto add = [&](const std::vector<Row>& rows) {
    report.rows.insert(report.rows.end(), rows.begin(), rows.end());
  };
  add(judgement.judge_clips());
  add({judgement.judge_novelty(corpus)});
  add(judgement.judge_covers());
  add(judgement.judge_morphs());
  add({judge_chords(model, store, judge,
                    {.count = options.chords, .seed = options.seed, .sampling = options.sampling},
                    job)});
  return report;
}

}  // namespace riffle::eval
