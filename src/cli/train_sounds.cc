// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/train_sounds.h"

#include "corpus/heard_corpus.h"

namespace riffle::cli {
namespace {

std::filesystem::path heard(const std::filesystem::path& corpus, const corpus::Hearing& hearing,
                            int64_t songs, const Job& job) {
  corpus::hear_corpus(corpus, hearing, {.songs = songs}, job);
  return corpus::heard_folder(corpus, hearing);
}

}  // namespace

std::filesystem::path clap_sounds(const std::filesystem::path& corpus,
                                  const models::ClapFeatureConfig& features, int64_t songs,
                                  const Job& job) {
  return heard(corpus, corpus::clap_hearing(features), songs, job);
}

std::filesystem::path wave_sounds(const std::filesystem::path& corpus, int64_t sample_rate,
                                  int64_t songs, const Job& job) {
  return heard(corpus, corpus::wave_hearing(static_cast<int>(sample_rate)), songs, job);
}

}  // namespace riffle::cli
