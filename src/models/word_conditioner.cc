// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "models/prompt_features.h"
#include "models/riff_seams.h"
#include "text/music_terms.h"
#include "text/prompt_weights.h"
#include "text/word_vocabulary.h"

namespace riffle::models {
namespace {

// The weight of each token of a prompt written in the grammar of prompt_weights.h: words are
// counted off span by span. [T], 1 beyond the text.
at::Tensor weights_of(const text::WordVocabulary& vocabulary, const std::string& prompt,
                      int64_t length) {
  at::Tensor weights = at::ones({length});
  int64_t at = 0;
  for (const text::WeightedSpan& span : text::parse_prompt_weights(prompt)) {
    const auto known = vocabulary.encode(text::find_music_terms(span.text).rest, length);
    const auto count = static_cast<int64_t>(std::ranges::count_if(
        known.ids, [](int64_t id) { return id != text::WordVocabulary::kEnd; }));
    const int64_t fits = std::min(count, length - 1 - at);
    if (fits > 0) weights.narrow(0, at, fits).fill_(span.weight);
    at += std::max<int64_t>(0, fits);
  }
  return weights;
}

// The prompt without the marks of the grammar.
std::string plain(const std::string& prompt) {
  std::string text;
  for (const text::WeightedSpan& span : text::parse_prompt_weights(prompt)) text += span.text;
  return text;
}

class WordConditioner final : public Conditioner {
 public:
  explicit WordConditioner(std::shared_ptr<RiffParts> parts)
      : parts_(std::move(parts)),
        vocabulary_(text::WordVocabulary::load(parts_->bundle().tokenizer_folder())) {
    const int64_t known = parts_->text_config().vocab_size;
    if (vocabulary_.size() > known) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: a vocabulary of {} words for a text encoder of {}",
                              parts_->bundle().path().string(), vocabulary_.size(), known),
                  "the parts of this bundle do not belong together");
    }
  }

  ConditionedPrompts condition(std::span<const std::string> prompts,
                               const ConditionOptions& options, const Job& job) override {
    if (prompts.empty()) return {};
    const at::NoGradGuard no_grad;
    const int64_t length = parts_->text_config().max_position_embeddings;
    std::vector<std::string> texts;
    for (const std::string& prompt : prompts) {
      texts.push_back(options.prompt_weights ? plain(prompt) : prompt);
    }
    PromptFeatures features = prompt_features(vocabulary_, texts, length, options.bpm);
    const at::Tensor ids = features.ids.to(parts_->options().device);
    at::Tensor hidden = parts_->text_encoder(job).forward(ids, job).to(at::kCPU, at::kFloat);
    const at::Tensor summary = prompt_summary(hidden, features.ids, features.numbers);
    if (options.prompt_weights) hidden = weighed(hidden, prompts);
    ConditionedPrompts result;
    result.conditioning = {.tokens = hidden, .summary = summary};
    for (const MusicFacts& facts : features.facts) result.tempi.push_back(facts.bpm);
    result.notes = std::move(features.notes);
    return result;
  }

 private:
  at::Tensor weighed(const at::Tensor& hidden, std::span<const std::string> prompts) const {
    std::vector<at::Tensor> rows;
    for (const std::string& prompt : prompts) {
      rows.push_back(weights_of(vocabulary_, prompt, hidden.size(1)));
    }
    return hidden * at::stack(rows).unsqueeze(-1);
  }

  std::shared_ptr<RiffParts> parts_;
  text::WordVocabulary vocabulary_;
};

}  // namespace

std::unique_ptr<Conditioner> make_word_conditioner(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<WordConditioner>(std::move(parts));
}

}  // namespace riffle::models
