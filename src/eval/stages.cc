// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/stages.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "core/error.h"
#include "eval/judge_data.h"
#include "eval/levels.h"
#include "eval/media.h"
#include "eval/tally.h"
#include "pipelines/sound_latents.h"

namespace riffle::eval {
namespace {

// Sums over windows of what a stage does to them.
class StageTally {
 public:
  StageTally(std::string name, const Judge& judge) : name_(std::move(name)), judge_(judge) {}

  // real, after: uint8 [rows, frames]
  void add(const at::Tensor& real, const at::Tensor& after) {
    const at::Tensor a = real.to(at::kFloat);
    const at::Tensor b = after.to(at::kFloat);
    error_.add((a - b).abs().mean().item<double>());
    const Steepness of_real = steepness(real);
    const Steepness of_after = steepness(after);
    real_.time += of_real.time;
    real_.frequency += of_real.frequency;
    after_.time += of_after.time;
    after_.frequency += of_after.frequency;
    const double exponent = 1 / double{judge_.params.power_for_image};
    const at::Tensor x = (1 - a / 255).pow(exponent);
    const at::Tensor y = (1 - b / 255).pow(exponent);
    const double norm = x.norm().item<double>();
    if (norm > 0) convergence_.add((x - y).norm().item<double>() / norm);
    const Tags tags = judge_.listen(at::stack({real, after}));
    const at::Tensor limits = at::tensor(judge_.instrument_thresholds, at::kDouble).to(at::kFloat);
    const at::Tensor heard = tags.instruments.gt(limits);
    for (int64_t k = 0; k < heard.size(1); ++k) {
      if (heard[0][k].item<bool>()) agreement_.add(heard[1][k].item<bool>());
    }
  }

  Stage stage() const {
    const Steepness blur = relative_steepness(after_, real_);
    return {.name = name_,
            .level_error = error_.value().value_or(0),
            .blur_time = blur.time,
            .blur_frequency = blur.frequency,
            .spectral_convergence = convergence_.value().value_or(0),
            .tag_agreement = agreement_.value().value_or(0),
            .count = error_.count()};
  }

 private:
  std::string name_;
  const Judge& judge_;
  Mean error_;
  Mean convergence_;
  Share agreement_;
  Steepness real_;
  Steepness after_;
};

std::vector<Piece> held_out_pieces(const JudgeData& data, const StagesOptions& options) {
  std::vector<Piece> pieces = data.pieces(shards::Split::Test);
  if (pieces.empty()) {
    throw Error(ErrorCode::InvalidArgument, "the corpus has no window of split \"test\"");
  }
  std::mt19937_64 random(options.seed);
  std::shuffle(pieces.begin(), pieces.end(), random);
  if (std::ssize(pieces) > options.clips) pieces.resize(static_cast<size_t>(options.clips));
  return pieces;
}

void require_pictures(const shards::ShardReader& corpus, const audio::SpectrogramParams& wanted,
                      const char* whose) {
  if (pipelines::spectrogram_params_from_json(Json::parse(corpus.header().spectrogram.dump()),
                                              "corpus.json") == wanted) {
    return;
  }
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("the pictures of the corpus are not those of {}", whose));
}

// Levels after the codec, with the same black, so that what is softer is seen to be, and as wide as
// before: a window of frames gives the sound between its first and its last, whose picture has as
// many.
at::Tensor through_codec(const at::Tensor& levels, const Judge& judge, double max_value,
                         const StagesOptions& options, const Job& job) {
  const Job inner{job.stop, {}};
  const audio::Waveform sound =
      sound_of_levels(levels, judge.params, max_value, options.iterations, inner);
  return levels_of_sound(sound, judge.params, inner, max_value).narrow(1, 0, levels.size(1));
}

}  // namespace

Stage judge_codec(const shards::ShardReader& corpus, const Judge& judge,
                  const StagesOptions& options, const Job& job) {
  require_pictures(corpus, judge.params, "the judge");
  const JudgeData data(corpus, judge.tagger->config());
  const auto pieces = held_out_pieces(data, options);
  StageTally tally("codec", judge);
  for (size_t i = 0; i < pieces.size(); ++i) {
    job.check();
    const at::Tensor real = data.middle(pieces[i]);
    tally.add(real, through_codec(real, judge, data.record(pieces[i]).max_value, options, job));
    job.report("codec", static_cast<int64_t>(i) + 1, std::ssize(pieces));
  }
  return tally.stage();
}

std::vector<Stage> judge_autoencoder(pipelines::MusicModel& model,
                                     const shards::ShardReader& corpus, const Judge& judge,
                                     const StagesOptions& options, const Job& job) {
  require_pictures(corpus, judge.params, "the judge");
  require_pictures(corpus, model.geometry().codec, "the model");
  const JudgeData data(corpus, judge.tagger->config());
  const auto pieces = held_out_pieces(data, options);
  StageTally alone("autoencoder", judge);
  StageTally followed("autoencoder and codec", judge);
  const Job inner{job.stop, {}};
  for (size_t i = 0; i < pieces.size(); ++i) {
    job.check();
    const at::Tensor real = data.middle(pieces[i]);
    const at::Tensor latents = pipelines::encode_media(
        model, media_of_levels(real, model.geometry().media_channels), false, inner);
    const at::Tensor decoded = levels_of_media(
        pipelines::decode_latents(model.autoencoder(), model.geometry(), latents, false, inner));
    alone.add(real, decoded);
    followed.add(real,
                 through_codec(decoded, judge, data.record(pieces[i]).max_value, options, job));
    job.report("autoencoder", static_cast<int64_t>(i) + 1, std::ssize(pieces));
  }
  return {alone.stage(), followed.stage()};
}

OrderedJson to_json(const Stage& stage) {
  return {{"stage", stage.name},
          {"level_error", stage.level_error},
          {"blur_time", stage.blur_time},
          {"blur_frequency", stage.blur_frequency},
          {"spectral_convergence", stage.spectral_convergence},
          {"tag_agreement", stage.tag_agreement},
          {"count", stage.count}};
}

}  // namespace riffle::eval
