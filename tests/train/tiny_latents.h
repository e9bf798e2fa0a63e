// SPDX-License-Identifier: GPL-3.0-or-later
// A toy corpus as latents of riff-tiny's autoencoder, for tests that train adapters of it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "shards/shard_reader.h"
#include "support/test_files.h"
#include "support/tiny_bundle.h"
#include "train/latent_cache.h"
#include "train/toy_corpus.h"

namespace riffle::test {

class TinyLatents : public testing::Test {
 protected:
  void SetUp() override {
    write_toy_corpus(folder_ / "corpus", {.records = 6, .frames = 80});
    corpus_.emplace(folder_ / "corpus");
    make_tiny_bundle(bundle());
    cache_.emplace(*corpus_, folder_ / "corpus", train::make_latent_maker(bundle(), at::kCPU));
    cache_->fill({});
  }
  std::filesystem::path bundle() const { return folder_ / "tiny"; }

  TemporaryFolder folder_;
  std::optional<shards::ShardReader> corpus_;
  std::optional<train::LatentCache> cache_;
};

}  // namespace riffle::test
