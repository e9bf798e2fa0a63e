// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/laion_clap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace riffle::weights {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kAudio = "audio_model.audio_encoder.";
constexpr std::string_view kQkv = ".attn.qkv.";
constexpr std::array<std::string_view, 3> kThirds{"query", "key", "value"};

using Replacement = std::pair<std::string_view, std::string_view>;

constexpr std::array<Replacement, 8> kInAudio{{
    {".attn.relative_position_bias_table"sv, ".attention.self.relative_position_bias_table"sv},
    {".attn.proj."sv, ".attention.output.dense."sv},
    {".attn."sv, ".attention.self."sv},
    {".mlp.fc1."sv, ".intermediate.dense."sv},
    {".mlp.fc2."sv, ".output.dense."sv},
    {".norm1."sv, ".layernorm_before."sv},
    {".norm2."sv, ".layernorm_after."sv},
    {"bn0."sv, "batch_norm."sv},
}};
constexpr std::array<Replacement, 4> kProjections{{
    {"audio_projection.0."sv, "audio_projection.linear1."sv},
    {"audio_projection.2."sv, "audio_projection.linear2."sv},
    {"text_projection.0."sv, "text_projection.linear1."sv},
    {"text_projection.2."sv, "text_projection.linear2."sv},
}};

std::string_view without_module(std::string_view name) {
  constexpr std::string_view kModule = "module.";
  return name.starts_with(kModule) ? name.substr(kModule.size()) : name;
}

std::string hf_name(std::string_view name) {
  constexpr std::string_view kAudioBranch = "audio_branch.";
  constexpr std::string_view kTextBranch = "text_branch.";
  name = without_module(name);
  if (name.starts_with(kAudioBranch)) {
    std::string inner(name.substr(kAudioBranch.size()));
    for (const auto& [from, to] : kInAudio) {
      const size_t at = inner.find(from);
      if (at == std::string::npos || (from == "bn0." && at != 0)) continue;
      inner.replace(at, from.size(), to);
      break;
    }
    return std::string(kAudio) + inner;
  }
  if (name.starts_with(kTextBranch)) {
    return "text_model." + std::string(name.substr(kTextBranch.size()));
  }
  for (const auto& [from, to] : kProjections) {
    if (name.starts_with(from)) return std::string(to).append(name.substr(from.size()));
  }
  return std::string(name);
}

// Tensors of another source under other names; some of them a third of its rows.
class Translated final : public TensorSource {
 public:
  explicit Translated(TensorSourcePtr base) : base_(std::move(base)) {
    for (const TensorInfo& info : base_->tensors()) add(info);
    std::ranges::sort(entries_, {}, [](const Entry& e) { return e.info.name; });
    for (const Entry& entry : entries_) {
      if (!infos_.empty() && infos_.back().name == entry.info.name) {
        throw Error(ErrorCode::BadFile,
                    fmt::format("{}: the tensor \"{}\" is there twice", where(), entry.info.name));
      }
      infos_.push_back(entry.info);
    }
  }

  const std::string& where() const override { return base_->where(); }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }
  at::Tensor view(std::string_view name) const override {
    const Entry& entry = entries_[static_cast<size_t>(find(name) - infos_.data())];
    const at::Tensor whole = base_->view(entry.inner);
    if (entry.third < 0) return whole;
    const int64_t rows = whole.size(0) / 3;
    return whole.narrow(0, entry.third * rows, rows);
  }
  void read(std::string_view name, const at::Tensor& destination) const override {
    const Entry& entry = entries_[static_cast<size_t>(find(name) - infos_.data())];
    if (entry.third < 0) return base_->read(entry.inner, destination);
    at::Tensor(destination).copy_(view(name).reshape(destination.sizes()));
  }

 private:
  struct Entry {
    TensorInfo info;
    std::string inner;
    int third = -1;  // -1: the whole
  };

  void add(const TensorInfo& info) {
    const size_t qkv = info.name.find(kQkv);
    const bool splits = qkv != std::string::npos && !info.shape.empty() &&
                        info.shape.front() % 3 == 0 &&
                        info.name.find("audio_branch.") != std::string::npos;
    if (!splits) {
      entries_.push_back({{hf_name(info.name), info.dtype, info.shape}, info.name, -1});
      return;
    }
    for (int third = 0; third < 3; ++third) {
      std::string name = info.name;
      name.replace(qkv, kQkv.size(), fmt::format(".attn.{}.", kThirds[static_cast<size_t>(third)]));
      TensorInfo part{hf_name(name), info.dtype, info.shape};
      part.shape.front() /= 3;
      entries_.push_back({std::move(part), info.name, third});
    }
  }

  TensorSourcePtr base_;
  std::vector<Entry> entries_;  // sorted by the names seen from outside
  std::vector<TensorInfo> infos_;
};

// How many of prefix0., prefix1., ... there are.
int64_t count_numbered(const TensorSource& source, const std::string& prefix) {
  int64_t most = -1;
  for (const TensorInfo& info : source.tensors()) {
    if (!info.name.starts_with(prefix)) continue;
    const char* at = info.name.c_str() + prefix.size();
    char* end = nullptr;
    const long number = std::strtol(at, &end, 10);
    if (end != at && *end == '.') most = std::max<int64_t>(most, number);
  }
  return most + 1;
}

int64_t size_of(const TensorSource& source, const std::string& name, size_t axis) {
  const TensorInfo& info = source.require(name);
  if (axis >= info.shape.size()) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: \"{}\" has {} dimensions, expected more than {}", source.where(),
                            name, info.shape.size(), axis));
  }
  return info.shape[axis];
}

Json infer_audio(const TensorSource& source) {
  const std::string root(kAudio);
  if (source.find(root + "patch_embed.mel_conv2d.weight") != nullptr) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("{}: CLAP with fusion is not built", source.where()),
                "take a checkpoint without fusion, such as music_audioset_epoch_15_esc_90.14.pt");
  }
  Json depths = Json::array();
  Json heads = Json::array();
  double window = 8;
  for (int64_t i = 0; i < count_numbered(source, root + "layers."); ++i) {
    const std::string blocks = fmt::format("{}layers.{}.blocks.", root, i);
    const std::string table = blocks + "0.attention.self.relative_position_bias_table";
    depths.push_back(count_numbered(source, blocks));
    heads.push_back(size_of(source, table, 1));
    if (i == 0) window = (std::sqrt(static_cast<double>(size_of(source, table, 0))) + 1) / 2;
  }
  const std::string first = root + "layers.0.blocks.0.intermediate.dense.weight";
  return {{"num_mel_bins", size_of(source, root + "batch_norm.weight", 0)},
          {"spec_size", 256},
          {"patch_size", size_of(source, root + "patch_embed.proj.weight", 2)},
          {"patch_embeds_hidden_size", size_of(source, root + "patch_embed.proj.weight", 0)},
          {"window_size", static_cast<int64_t>(window)},
          {"depths", depths},
          {"num_attention_heads", heads},
          {"mlp_ratio", static_cast<double>(size_of(source, first, 0)) /
                            static_cast<double>(std::max<int64_t>(1, size_of(source, first, 1)))}};
}

}  // namespace

bool is_laion_clap(const TensorSource& source) {
  return std::ranges::any_of(source.tensors(), [](const TensorInfo& info) {
    return without_module(info.name).starts_with("audio_branch.");
  });
}

TensorSourcePtr laion_clap(TensorSourcePtr checkpoint) {
  return std::make_shared<Translated>(std::move(checkpoint));
}

Json infer_clap_config(const TensorSource& source) {
  const std::string layer = "text_model.encoder.layer.";
  const std::string embeddings = "text_model.embeddings.";
  const int64_t width = size_of(source, embeddings + "word_embeddings.weight", 1);
  Json text{
      {"vocab_size", size_of(source, embeddings + "word_embeddings.weight", 0)},
      {"hidden_size", width},
      {"num_hidden_layers", count_numbered(source, layer)},
      {"intermediate_size", size_of(source, layer + "0.intermediate.dense.weight", 0)},
      {"max_position_embeddings", size_of(source, embeddings + "position_embeddings.weight", 0)},
      {"type_vocab_size", size_of(source, embeddings + "token_type_embeddings.weight", 0)},
      {"layer_norm_eps", 1e-5}};
  if (width % 64 == 0) text["num_attention_heads"] = width / 64;
  return {{"model_type", "clap"},
          {"projection_dim", size_of(source, "audio_projection.linear2.weight", 0)},
          {"audio_config", infer_audio(source)},
          {"text_config", text}};
}

}  // namespace riffle::weights
