// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/train_sounds.h"

#include <memory>

#include "corpus/heard_corpus.h"

namespace riffle::cli {
namespace {

// Log-mel spectra (models/clap_features.h), in CORPUS/clap.
corpus::Hearing clap_hearing(const models::ClapFeatureConfig& features) {
  const auto extractor = std::make_shared<models::ClapFeatures>(features);
  return {
      .name = "clap",
      .sample_rate = static_cast<int>(features.sampling_rate),
      .hop = features.hop_length,
      .header = OrderedJson::parse(features.to_json().dump()),
      .rows = static_cast<int>(features.feature_size),
      .levels =
          [extractor](const at::Tensor& mono) {
            return models::clap_levels(extractor->log_mel(mono));
          },
      .loudness = [](const at::Tensor& levels) { return models::clap_log_mel(levels).amax(1); }};
}

std::filesystem::path heard(const std::filesystem::path& corpus, const corpus::Hearing& hearing,
                            int64_t songs, const Job& job) {
  corpus::hear_corpus(corpus, hearing, {.songs = songs}, job);
  return corpus::heard_folder(corpus, hearing);
}

}  // namespace

std::filesystem::path clap_sounds(const std::filesystem::path& corpus,
                                  const models::ClapFeatureConfig& features, int64_t songs,
                                  const Job& job) {
  return heard(corpus, clap_hearing(features), songs, job);
}

std::filesystem::path wave_sounds(const std::filesystem::path& corpus, int64_t sample_rate,
                                  int64_t songs, const Job& job) {
  return heard(corpus, corpus::wave_hearing(static_cast<int>(sample_rate)), songs, job);
}

}  // namespace riffle::cli
