// SPDX-License-Identifier: GPL-3.0-or-later
// How well a CLAP in training tells instruments apart and finds sounds by their captions.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/files.h"
#include "train/clap_task.h"

namespace riffle::train {
namespace {

constexpr int64_t kAtOnce = 16;

// The first `most` of a list, spread evenly over it.
template <class T>
std::vector<T> evenly(const std::vector<T>& all, int64_t most) {
  const auto count = std::min(all.size(), static_cast<size_t>(most));
  std::vector<T> some;
  for (size_t i = 0; i < count; ++i) some.push_back(all[i * all.size() / count]);
  return some;
}

double share(const at::Tensor& right) { return right.to(at::kFloat).mean().item<double>(); }

}  // namespace

at::Tensor ClapTask::embed_sounds(const std::vector<size_t>& records, const Job& job) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> embeddings;
  for (size_t i = 0; i < records.size(); i += kAtOnce) {
    job.check();
    std::vector<at::Tensor> clips;
    for (size_t k = i; k < std::min(records.size(), i + kAtOnce); ++k) {
      clips.push_back(plain_crop(records[k]).log_mel);
    }
    embeddings.push_back(model_->sound(at::stack(clips).to(options_.device), job).cpu());
  }
  return at::cat(embeddings);
}

at::Tensor ClapTask::embed_texts(const std::vector<std::string>& texts, const Job& job) {
  const at::NoGradGuard no_grad;
  return model_->text(ids_of(texts).to(options_.device), job).cpu();
}

at::Tensor ClapTask::instrument_names(const Job& job) {
  std::vector<std::string> texts;
  for (const char* form : {"{}", "solo {}", "{} alone"}) {
    for (const std::string& word : instruments_) {
      texts.push_back(fmt::format(fmt::runtime(form), word));
    }
  }
  const auto count = static_cast<int64_t>(instruments_.size());
  const at::Tensor all = model_->text(ids_of(texts).to(options_.device), job);
  return models::unit_length(all.view({3, count, -1}).mean(0));
}

at::Tensor ClapTask::embed_instruments(const Job& job) {
  const at::NoGradGuard no_grad;
  return instrument_names(job).cpu();
}

ClapTask::Heard ClapTask::stems_of(shards::Split split, const std::string& soundfont,
                                   int64_t most) const {
  std::vector<size_t> stems;
  for (const size_t index : sounds_.indices(split)) {
    const shards::Record& one = record(index);
    if (one.rendition == "mix" || one.segments.empty() ||
        one.segments.front().instruments.empty() || !one.soundfont.starts_with(soundfont)) {
      continue;
    }
    stems.push_back(index);
  }
  Heard heard{evenly(stems, most), {}};
  for (const size_t index : heard.records) {
    heard.instruments.push_back(place_of_instrument(record(index), record(index).segments.front()));
  }
  return heard;
}

at::Tensor ClapTask::likeness(const Heard& stems, const Job& job) {
  return at::matmul(embed_sounds(stems.records, job), embed_instruments(job).t());
}

NamedNumbers ClapTask::validate(const Job& job) {
  NamedNumbers numbers;
  const auto told_apart = [&](const char* name, shards::Split split, const std::string& font) {
    const Heard stems = stems_of(split, font, options_.validation_sounds);
    if (stems.records.empty()) return;
    int64_t right = 0;
    const at::Tensor best = likeness(stems, job).argmax(1);
    for (size_t i = 0; i < stems.instruments.size(); ++i) {
      right += best[static_cast<int64_t>(i)].item<int64_t>() == stems.instruments[i] ? 1 : 0;
    }
    numbers.emplace_back(name,
                         static_cast<double>(right) / static_cast<double>(stems.records.size()));
  };
  told_apart("instrument", shards::Split::Valid, "");
  if (!options_.held_out.empty()) {
    told_apart("unheard soundfont", shards::Split::Test, options_.held_out);
  }
  const auto records = evenly(sounds_.indices(shards::Split::Valid), options_.validation_sounds);
  if (records.empty()) return numbers;
  std::vector<std::string> texts;
  for (const size_t index : records) {
    texts.push_back(record(index).segments[plain_crop(index).segment].captions.front());
  }
  const at::Tensor found = at::matmul(embed_texts(texts, job), embed_sounds(records, job).t());
  const at::Tensor better = found.gt(found.diagonal().unsqueeze(1)).sum(1);
  numbers.emplace_back("recall at 10", share(better.lt(10)));
  numbers.emplace_back("recall at 1", share(better.lt(1)));
  return numbers;
}

void ClapTask::write_samples(const std::filesystem::path& folder, const Job& job) {
  const Heard stems = stems_of(shards::Split::Valid, "", options_.validation_sounds);
  if (stems.records.empty()) return;
  const at::Tensor order = likeness(stems, job).argsort(1, /*descending=*/true);
  std::string lines = "stem, instrument, taken for (likeliest first)\n";
  const int64_t shown = std::min<int64_t>(3, static_cast<int64_t>(instruments_.size()));
  for (size_t i = 0; i < stems.records.size(); ++i) {
    lines += fmt::format("{}, {},", record(stems.records[i]).id,
                         instruments_[static_cast<size_t>(stems.instruments[i])]);
    for (int64_t k = 0; k < shown; ++k) {
      const auto guess = order[static_cast<int64_t>(i)][k].item<int64_t>();
      lines += fmt::format("{} {}", k > 0 ? "," : "", instruments_[static_cast<size_t>(guess)]);
    }
    lines += "\n";
  }
  write_text_file(folder / "instruments.txt", lines);
}

}  // namespace riffle::train
