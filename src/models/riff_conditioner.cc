// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/riff_seams.h"
#include "text/clip_tokenizer.h"
#include "text/prompt_weights.h"

namespace riffle::models {
namespace {

// [prompts * chunks, length] of one field of each chunk.
template <class T>
at::Tensor stack_chunks(const std::vector<text::PromptTokens>& prompts,
                        std::vector<std::vector<T>> text::PromptTokens::*field,
                        at::ScalarType type) {
  const auto chunks = static_cast<int64_t>((prompts.front().*field).size());
  const auto length = static_cast<int64_t>((prompts.front().*field).front().size());
  at::Tensor out = at::empty({static_cast<int64_t>(prompts.size()) * chunks, length}, type);
  T* to = out.data_ptr<T>();
  for (const text::PromptTokens& prompt : prompts) {
    for (const std::vector<T>& chunk : prompt.*field)
      to = std::copy(chunk.begin(), chunk.end(), to);
  }
  return out;
}

// Multiplies each token by its weight, then each prompt by one factor that brings its mean back.
// embeddings: [N, T, D], weights: [N, T].
at::Tensor weigh(const at::Tensor& embeddings, const at::Tensor& weights) {
  const at::Tensor before = embeddings.mean({1, 2}, /*keepdim=*/true);
  const at::Tensor weighed = embeddings * weights.unsqueeze(-1);
  return weighed * (before / weighed.mean({1, 2}, /*keepdim=*/true));
}

// Some 40 bytes, without cutting a UTF-8 character.
std::string beginning(const std::string& text) {
  size_t end = std::min<size_t>(text.size(), 40);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end);
}

class RiffConditioner final : public Conditioner {
 public:
  explicit RiffConditioner(std::shared_ptr<RiffParts> parts)
      : parts_(std::move(parts)),
        tokenizer_(text::ClipTokenizer::load(parts_->bundle().tokenizer_folder())) {}

  ConditionedPrompts condition(std::span<const std::string> prompts,
                               const ConditionOptions& options, const Job& job) override {
    if (prompts.empty()) return {};
    const at::NoGradGuard no_grad;
    const auto tokens = options.prompt_weights ? text::tokenize_prompts(tokenizer_, prompts)
                                               : text::tokenize_plain_prompts(tokenizer_, prompts);
    const at::Device device = parts_->options().device;
    const at::Tensor ids = stack_chunks(tokens, &text::PromptTokens::ids, at::kLong).to(device);
    const auto count = static_cast<int64_t>(prompts.size());
    at::Tensor embeddings = parts_->text_encoder(job).forward(ids, job).to(at::kFloat);
    embeddings = embeddings.reshape({count, -1, embeddings.size(2)});
    const auto weighted = [](const text::PromptTokens& prompt) { return prompt.is_weighted(); };
    if (std::any_of(tokens.begin(), tokens.end(), weighted)) {
      const at::Tensor weights = stack_chunks(tokens, &text::PromptTokens::weights, at::kFloat);
      embeddings = weigh(embeddings, weights.reshape({count, -1}).to(device));
    }
    ConditionedPrompts result{.conditioning = {.tokens = embeddings.to(at::kCPU)}, .notes = {}};
    for (size_t i = 0; i < tokens.size(); ++i) note_dropped(prompts[i], tokens[i], result.notes);
    return result;
  }

 private:
  static void note_dropped(const std::string& prompt, const text::PromptTokens& tokens,
                           std::vector<std::string>& notes) {
    if (tokens.dropped_tokens == 0) return;
    notes.push_back(fmt::format(
        "the prompt beginning \"{}\" is too long: its last {} of {} tokens were dropped",
        beginning(prompt), tokens.dropped_tokens, tokens.dropped_tokens + tokens.text_tokens));
  }

  std::shared_ptr<RiffParts> parts_;
  text::ClipTokenizer tokenizer_;
};

}  // namespace

std::unique_ptr<Conditioner> make_riff_conditioner(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<RiffConditioner>(std::move(parts));
}

}  // namespace riffle::models
