// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/clap_task.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "models/load_module.h"
#include "nn/layer.h"
#include "train/model_files.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

constexpr double kHighestScale = 100;  // what cosines are multiplied with at most
constexpr double kNoNegative = -1e4;   // added to the scores of pairs that do belong together
constexpr double kSilenceDb = -100;
constexpr int64_t kNoInstrument = -1;

int64_t frames_of(const models::ClapFeatureConfig& features, double seconds) {
  return static_cast<int64_t>(seconds * static_cast<double>(features.sampling_rate) /
                              static_cast<double>(features.hop_length));
}

}  // namespace

models::ClapConfig small_clap_config() {
  models::ClapConfig config;
  config.projection_dim = 256;
  config.audio.patch_size = 8;
  config.audio.patch_embeds_hidden_size = 64;
  config.audio.depths = {2, 2, 2};
  config.audio.num_attention_heads = {2, 4, 8};
  config.text.hidden_size = 192;
  config.text.intermediate_size = 768;
  config.text.num_hidden_layers = 2;
  config.text.num_attention_heads = 4;
  config.text.max_position_embeddings = 64;
  config.text.pad_token_id = text::WordVocabulary::kEnd;
  config.text.bos_token_id = text::WordVocabulary::kUnknown;  // never a word, so free to be this
  config.text.eos_token_id = text::WordVocabulary::kEnd;
  config.text.layer_norm_eps = 1e-5;
  return config;
}

text::WordVocabulary build_clap_vocabulary(const shards::ShardReader& sounds, int64_t at_least) {
  std::vector<std::string> captions;
  for (const size_t index : sounds.indices(shards::Split::Train)) {
    for (const shards::Segment& segment : sounds.records()[index].segments) {
      captions.insert(captions.end(), segment.captions.begin(), segment.captions.end());
    }
  }
  return text::WordVocabulary::build(captions, at_least);
}

ClapTask::ClapTask(const shards::ShardReader& sounds, text::WordVocabulary vocabulary,
                   ClapTaskOptions options)
    : sounds_(sounds),
      vocabulary_(std::move(vocabulary)),
      options_([&] {
        options.model.text.vocab_size = vocabulary_.size();
        return std::move(options);
      }()),
      tokenizer_(vocabulary_, options_.model.text),
      order_(1, options_.seed) {
  const Json heard = Json::parse(sounds.header().spectrogram.dump());
  if (heard != options_.features.to_json() ||
      options_.features.feature_size != options_.model.audio.num_mel_bins) {
    throw Error(ErrorCode::InvalidArgument,
                "the corpus was heard with other features than the model is to have",
                "remove its folder \"clap\", so that it is heard anew");
  }
  index_sounds();
  index_instruments();
  model_ = std::make_shared<models::ClapModel>(options_.model);
  if (options_.start.empty()) {
    nn::reset_parameters(*model_, derive_seed(options_.seed, "weights", 0));
    measure_bands();
  } else {
    load_part(*model_, options_.start, kTextModelFile);
  }
  if (options_.keep_text) keep_text();
  model_->to(options_.device);
}

void ClapTask::keep_text() {
  for (const auto& item : model_->named_parameters()) {
    if (item.key().starts_with("text_")) item.value().set_requires_grad(false);
  }
}

void ClapTask::index_sounds() {
  for (const size_t index : sounds_.indices(shards::Split::Train)) {
    Sound sound{index, {}};
    for (const shards::Segment& segment : record(index).segments) {
      std::set<int64_t> words;
      for (const std::string& caption : segment.captions) {
        const auto ids = vocabulary_.encode(caption, options_.model.text.max_tokens()).ids;
        words.insert(ids.begin(), ids.end());
      }
      sound.words.emplace_back(words.begin(), words.end());
    }
    if (!sound.words.empty()) training_.push_back(std::move(sound));
  }
  if (training_.empty()) {
    throw Error(ErrorCode::InvalidArgument, "the corpus has no sounds to train on",
                "make it with riffle corpus synth --stems");
  }
  order_ = ShuffledOrder(static_cast<int64_t>(training_.size()), options_.seed);
}

void ClapTask::index_instruments() {
  std::set<std::string> words;
  for (const shards::Record& record : sounds_.records()) {
    if (record.rendition == "mix") continue;
    for (const auto& segment : record.segments) {
      words.insert(segment.instruments.begin(), segment.instruments.end());
    }
  }
  instruments_.assign(words.begin(), words.end());
}

int64_t ClapTask::place_of_instrument(const shards::Record& record,
                                      const shards::Segment& segment) const {
  if (record.rendition == "mix" || segment.instruments.empty()) return kNoInstrument;
  return std::ranges::lower_bound(instruments_, segment.instruments.front()) - instruments_.begin();
}

// Means and deviations of the bands over sounds that every sitting at the run sees alike.
void ClapTask::measure_bands() {
  const at::NoGradGuard no_grad;
  at::Tensor sum = at::zeros({options_.features.feature_size}, at::kDouble);
  at::Tensor squares = at::zeros_like(sum);
  const size_t count = std::min(training_.size(), static_cast<size_t>(options_.statistics_sounds));
  for (size_t i = 0; i < count; ++i) {
    const at::Tensor clip = plain_crop(training_[i].record).log_mel.to(at::kDouble);
    sum += clip.mean(0) / static_cast<double>(count);
    squares += clip.square().mean(0) / static_cast<double>(count);
  }
  auto parameters = model_->named_parameters();
  const std::string norm = "audio_model.audio_encoder.batch_norm.running_";
  parameters[norm + "mean"].copy_(sum);
  parameters[norm + "var"].copy_((squares - sum.square()).clamp_min(1));
}

Json ClapTask::settings() const {
  return {{"config", options_.model.to_json()}, {"features", options_.features.to_json()},
          {"least_s", options_.least_s},        {"gain_db", options_.gain_db},
          {"keep_text", options_.keep_text},    {"instrument_share", options_.instrument_share}};
}

Json ClapTask::circumstances() const {
  return {{"training_sounds", training_.size()}, {"instruments", instruments_.size()}};
}

std::vector<ParameterGroup> ClapTask::parameters() {
  weights::NamedTensors learned;
  for (auto& [name, tensor] : models::named_parameters(*model_)) {
    if (tensor.requires_grad()) learned.emplace_back(name, tensor);
  }
  return {{.name = "clap", .parameters = std::move(learned)}};
}

at::Tensor ClapTask::clip_of(size_t index, int64_t first_frame, int64_t frames,
                             double gain_db) const {
  const int64_t clip = options_.features.clip_frames();
  const at::Tensor levels = sounds_.levels(index).narrow(1, first_frame, frames);
  at::Tensor heard = models::clap_log_mel(levels);
  if (gain_db != 0) {
    heard = at::where(heard > kSilenceDb, (heard + gain_db).clamp_min(kSilenceDb), heard);
  }
  if (frames >= clip) return heard.narrow(0, 0, clip);
  const at::Tensor whole = heard.repeat({clip / frames, 1});
  const int64_t rest = clip - whole.size(0);
  return rest == 0 ? whole : at::cat({whole, at::full({rest, heard.size(1)}, kSilenceDb)});
}

ClapTask::Crop ClapTask::crop(size_t index, Random& chance) const {
  const auto& segments = record(index).segments;
  int64_t all = 0;
  for (const auto& segment : segments) all += segment.frames();
  int64_t place = chance.below(all);  // longer parts come up more often
  size_t chosen = 0;
  while (place >= segments[chosen].frames()) place -= segments[chosen++].frames();
  const shards::Segment& segment = segments[chosen];
  const int64_t most = std::min(segment.frames(), options_.features.clip_frames());
  const int64_t least = std::min(most, frames_of(options_.features, options_.least_s));
  const int64_t frames = least + chance.below(most - least + 1);
  const int64_t first = segment.first_frame + chance.below(segment.frames() - frames + 1);
  const double gain = (2 * chance.uniform() - 1) * options_.gain_db;
  return {clip_of(index, first, frames, gain), chosen};
}

ClapTask::Crop ClapTask::plain_crop(size_t index) const {
  const auto& segments = record(index).segments;
  const auto longest =
      std::ranges::max_element(segments, {}, [](const auto& s) { return s.frames(); });
  const int64_t frames = std::min(longest->frames(), options_.features.clip_frames());
  const int64_t first = longest->first_frame + (longest->frames() - frames) / 2;
  return {clip_of(index, first, frames, 0), static_cast<size_t>(longest - segments.begin())};
}

at::Tensor ClapTask::ids_of(const std::vector<std::string>& texts) const {
  return tokenizer_.encode(texts, nullptr);
}

// Whether everything that the caption says is said of the sound by one of its own captions.
bool ClapTask::is_true(const std::vector<int64_t>& caption, const Sound& sound,
                       size_t segment) const {
  return std::ranges::includes(sound.words[segment], caption);
}

Batch ClapTask::make_batch(int64_t first, int64_t count) {
  Batch batch{.first = first, .seeds = {}, .tensors = {}};
  std::vector<at::Tensor> clips;
  std::vector<std::string> texts;
  std::vector<std::pair<const Sound*, size_t>> parts;
  std::vector<std::vector<int64_t>> said;
  std::vector<int64_t> instruments;
  for (int64_t i = first; i < first + count; ++i) {
    batch.seeds.push_back(derive_seed(options_.seed, "sample", static_cast<uint64_t>(i)));
    Random chance(batch.seeds.back());
    const Sound& sound = training_[static_cast<size_t>(order_.at(i))];
    const Crop heard = crop(sound.record, chance);
    const shards::Segment& segment = record(sound.record).segments[heard.segment];
    const auto& captions = segment.captions;
    instruments.push_back(place_of_instrument(record(sound.record), segment));
    texts.push_back(
        captions[static_cast<size_t>(chance.below(static_cast<int64_t>(captions.size())))]);
    clips.push_back(heard.log_mel);
    parts.emplace_back(&sound, heard.segment);
    const auto ids = vocabulary_.encode(texts.back(), options_.model.text.max_tokens()).ids;
    const std::set<int64_t> words(ids.begin(), ids.end());
    said.emplace_back(words.begin(), words.end());
  }
  at::Tensor truth = at::zeros({count, count}, at::kBool);
  auto* cell = truth.data_ptr<bool>();
  for (const auto& [sound, segment] : parts) {
    for (const auto& caption : said) *cell++ = is_true(caption, *sound, segment);
  }
  batch.tensors.emplace_back("log_mel", at::stack(clips));
  batch.tensors.emplace_back("ids", ids_of(texts));
  batch.tensors.emplace_back("true", truth);
  batch.tensors.emplace_back("instrument", at::tensor(instruments));
  return batch;
}

Loss ClapTask::loss(const Batch& batch, const StepContext& /*at*/, const Job& job) {
  const at::Tensor sound = model_->sound(batch.at("log_mel"), job);
  const at::Tensor text = model_->text(batch.at("ids"), job);
  const at::Tensor own = at::arange(sound.size(0), batch.at("ids").options());
  // What is true of a sound and yet another one's caption is neither wanted nor unwanted.
  const at::Tensor ignored =
      batch.at("true").logical_and(at::eye(sound.size(0), sound.options()).eq(0));
  const at::Tensor passed_over = ignored.to(at::kFloat) * kNoNegative;
  const auto scale = [](const at::Tensor& logarithm) {
    return logarithm.clamp_max(std::log(kHighestScale)).exp();
  };
  const at::Tensor cosines = at::matmul(sound, text.t());
  const at::Tensor to_text = cosines * scale(model_->logit_scale_a()) + passed_over;
  const at::Tensor to_sound = (cosines * scale(model_->logit_scale_t()) + passed_over).t();
  const at::Tensor first = at::cross_entropy_loss(to_text, own);
  const at::Tensor second = at::cross_entropy_loss(to_sound, own);
  const at::Tensor right = to_text.argmax(1).eq(own).to(at::kFloat).mean();
  Loss loss{.total = (first + second) / 2,
            .parts = {{"sound to text", first.detach()},
                      {"text to sound", second.detach()},
                      {"right", right.detach()},
                      {"scale", scale(model_->logit_scale_a()).detach()}}};
  if (options_.instrument_share > 0) {
    const at::Tensor stems = batch.at("instrument").ne(kNoInstrument).nonzero().squeeze(1);
    if (stems.size(0) > 0) {
      const at::Tensor named = at::cross_entropy_loss(
          at::matmul(sound.index_select(0, stems), instrument_names(job).t()) *
              scale(model_->logit_scale_a()),
          batch.at("instrument").index_select(0, stems));
      loss.total = loss.total + options_.instrument_share * named;
      loss.parts.emplace_back("instrument", named.detach());
    }
  }
  return loss;
}

void ClapTask::write_model(const std::filesystem::path& folder, const Job& job) {
  const at::NoGradGuard no_grad;
  std::vector<size_t> records;
  std::vector<std::string> texts;
  const size_t count = std::min(training_.size(), static_cast<size_t>(options_.statistics_sounds));
  for (size_t i = 0; i < count; ++i) {
    records.push_back(training_[i * training_.size() / count].record);
    const auto& captions =
        record(records.back()).segments[plain_crop(records.back()).segment].captions;
    texts.push_back(captions[i % captions.size()]);
  }
  const at::Tensor gap = embed_sounds(records, job).mean(0) - embed_texts(texts, job).mean(0);
  write_part(folder, options_.model.to_json(), models::named_parameters(*model_), kTextModelFile);
  write_text_file(folder / models::kClapFeatureFile, options_.features.to_json().dump(2) + "\n");
  vocabulary_.save(folder);
  weights::write_safetensors(folder / models::kModalityGapFile, {{models::kModalityGapName, gap}});
}

}  // namespace riffle::train
