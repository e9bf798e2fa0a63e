// SPDX-License-Identifier: GPL-3.0-or-later
// The judges of clips made for prompts: are instruments, drums, tempo and key those asked for, are
// the pictures as steep as real ones, is the whole set like held-out music.
#pragma once

#include <vector>

#include "core/job.h"
#include "eval/asked.h"
#include "eval/clip_store.h"
#include "eval/judge.h"
#include "eval/report.h"
#include "eval/tally.h"

namespace riffle::eval {

class ClipJudges {
 public:
  explicit ClipJudges(const Judge& judge) : judge_(judge) {}

  void add(const Asked& asked, const KeptClip& clip, const Job& job = {});
  // One row a judge. Throws Error{InvalidArgument} before the second clip.
  std::vector<Row> rows() const;

 private:
  void judge_tags(const Asked& asked, const Tags& tags);
  std::vector<Row> tag_rows() const;
  Row frechet_row() const;

  const Judge& judge_;
  Share instruments_;
  Share families_;
  Share drums_;
  Share genres_;
  Share tempo_;
  Share key_;
  Mean steep_in_time_;
  Mean steep_in_frequency_;
  std::vector<at::Tensor> embeddings_;  // [1, D] each
};

// The ceiling of that name, where the judge has one.
std::optional<double> ceiling_of(const Judge& judge, const std::string& name);

}  // namespace riffle::eval
