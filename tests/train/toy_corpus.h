// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus of made-up pictures: horizontal lines (notes) that begin and end on a beat.
#pragma once

#include <filesystem>

namespace riffle::test {

struct ToyCorpusOptions {
  int records = 12;  // two of them valid, one test
  int rows = 32;
  int64_t frames = 80;
  int segments = 1;
  bool events = true;
};

void write_toy_corpus(const std::filesystem::path& folder, const ToyCorpusOptions& options = {});

}  // namespace riffle::test
