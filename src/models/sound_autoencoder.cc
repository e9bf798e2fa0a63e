// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/sound_autoencoder.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "models/companded_stft.h"
#include "models/load_module.h"
#include "nn/conv2d.h"
#include "weights/open_weights.h"

namespace riffle::models {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostElements = int64_t{32} << 20;  // of the widest layer's result
constexpr int64_t kShortestPiece = 24;

// 0 to 1 in a line, `count` values between them.
at::Tensor rise(int64_t count) {
  return (at::arange(count, at::kFloat) + 0.5) / static_cast<double>(count);
}

// Lays pieces over each other, each blended into the one before it over a stretch in the middle of
// what they share; beyond that stretch the ends of pieces are not looked at.
class Blend {
 public:
  // overlap: positions that neighbours share.
  Blend(int64_t batch, int64_t channels, int64_t length, int64_t overlap)
      : out_(at::zeros({batch, channels, length})),
        skip_(overlap / 4),
        fade_(overlap - 2 * skip_) {}

  void add(const at::Tensor& piece, int64_t first) {
    if (first == 0) {
      out_.narrow(2, 0, piece.size(2)).copy_(piece);
      return;
    }
    if (fade_ > 0) {
      const at::Tensor up = rise(fade_);
      at::Tensor there = out_.narrow(2, first + skip_, fade_);
      there.copy_(there * (1 - up) + piece.narrow(2, skip_, fade_) * up);
    }
    const int64_t rest = skip_ + fade_;
    out_.narrow(2, first + rest, piece.size(2) - rest)
        .copy_(piece.narrow(2, rest, piece.size(2) - rest));
  }
  const at::Tensor& out() const { return out_; }

 private:
  at::Tensor out_;
  int64_t skip_;
  int64_t fade_;
};

// Column `index` modulo `period`, however often the latents go round.
at::Tensor around(const at::Tensor& latents, int64_t first, int64_t count) {
  const int64_t n = latents.size(2);
  const at::Tensor at = (at::arange(first, first + count, at::kLong) % n + n) % n;
  return latents.index_select(2, at.to(latents.device()));
}

struct Found {
  Json config;
  std::string where;
  weights::TensorSourcePtr tensors;
};

Found find_checkpoint(const fs::path& file) {
  const fs::path parameters = file.parent_path() / "hparams.json";
  const bool told = fs::exists(parameters);
  return {told ? read_json_file(parameters) : Json::object(),
          told ? parameters.string() : file.string(), weights::open_weights(file)};
}

Found find_autoencoder(const fs::path& path) {
  if (!fs::exists(path)) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: no such file or folder", path.string()));
  }
  if (!fs::is_directory(path)) return find_checkpoint(path);
  for (const fs::path& folder : {path / "autoencoder", path}) {
    const fs::path config = folder / "config.json";
    if (!fs::exists(config) || !fs::exists(folder / "model.safetensors")) continue;
    return {read_json_file(config), config.string(),
            weights::open_weights(folder / "model.safetensors")};
  }
  if (fs::exists(path / "music2latent.pt")) return find_checkpoint(path / "music2latent.pt");
  throw Error(ErrorCode::NotFound, fmt::format("{}: no autoencoder of sounds", path.string()),
              "expected config.json and model.safetensors, or music2latent.pt");
}

}  // namespace

std::unique_ptr<SoundAutoencoder> SoundAutoencoder::load(const fs::path& path,
                                                         const SoundAutoencoderOptions& options,
                                                         const Job& job) {
  const Found found = find_autoencoder(path);
  auto model = std::make_shared<ConsistencyAutoencoder>(
      ConsistencyConfig::from_json(found.config, found.where));
  load_module(*model, *found.tensors, {.optional = {}}, job);
  for (at::Tensor& parameter : model->parameters()) parameter.set_requires_grad(false);
  model->to(options.device);
  if (options.device.is_cpu() && !options.exact) nn::pack_for_inference(*model);
  return std::make_unique<SoundAutoencoder>(std::move(model), options);
}

SoundAutoencoder::SoundAutoencoder(std::shared_ptr<ConsistencyAutoencoder> model,
                                   const SoundAutoencoderOptions& options)
    : model_(std::move(model)), options_(options) {
  const ConsistencyConfig& c = model_->config();
  info_ = {.medium = AutoencoderInfo::Medium::Waveform,
           .media_channels = 1,
           .latent_channels = c.bottleneck_channels,
           .time_factor = c.samples_per_latent(),
           .frequency_factor = 1};
  if (options_.piece == 0) {
    const int64_t each = c.width(0) * c.bins() * c.frames_per_latent();
    options_.piece = std::max(kShortestPiece, kMostElements / each);
  }
  options_.overlap = std::clamp<int64_t>(options_.overlap, 0, options_.piece / 2);
}

// All of one length, the last one ending with the latents.
std::vector<SoundAutoencoder::Piece> SoundAutoencoder::pieces(int64_t latents) const {
  if (latents <= options_.piece) return {{0, latents}};
  std::vector<Piece> pieces;
  const int64_t step = options_.piece - options_.overlap;
  for (int64_t first = 0;; first += step) {
    pieces.push_back({std::min(first, latents - options_.piece), options_.piece});
    if (first + options_.piece >= latents) return pieces;
  }
}

at::Tensor SoundAutoencoder::encode_piece(const at::Tensor& sound, const Job& job) {
  const at::Tensor picture =
      companded_stft(sound.to(at::kFloat), model_->config()).to(options_.device);
  return model_->encode(picture, job).to(at::kCPU, at::kFloat) / config().sigma_rescale;
}

at::Tensor SoundAutoencoder::encode_straight(const at::Tensor& sound, const Job& job) {
  const int64_t count = config().latents_of(sound.size(1));
  Blend blend(sound.size(0), info_.latent_channels, count, options_.overlap);
  for (const Piece& piece : pieces(count)) {
    job.check();
    blend.add(encode_piece(sound.narrow(1, piece.first * info_.time_factor,
                                        config().samples_of(piece.count)),
                           job),
              piece.first);
    job.report("encode", piece.first + piece.count, count);
  }
  return blend.out();
}

at::Tensor SoundAutoencoder::encode(const at::Tensor& media, const at::Tensor& /*noise*/,
                                    const DenoiseOptions& options, const Job& job) {
  const at::NoGradGuard no_grad;
  const bool circular = options.circular_time;
  const bool shaped = media.dim() == 3 && media.size(1) == 1 && media.size(0) > 0;
  if (!shaped || (circular ? media.size(2) == 0 || media.size(2) % info_.time_factor != 0
                           : config().latents_of(media.size(2)) < 1)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("sound: expected [B, 1, samples], {}, got [{}]",
                            circular ? fmt::format("a multiple of {}", info_.time_factor)
                                     : fmt::format("at least {}", config().samples_of(1)),
                            fmt::join(media.sizes(), ", ")));
  }
  const at::Tensor sound = media.squeeze(1).cpu();
  if (!circular) return encode_straight(sound, job).to(media.device());
  const int64_t count = media.size(2) / info_.time_factor;
  if (count <= options_.piece) {
    const nn::CircularWidth wraps(true);
    const at::Tensor on = around(sound.unsqueeze(0), 0, config().samples_of(count)).squeeze(0);
    return encode_piece(on, job).to(media.device());
  }
  const int64_t margin = options_.overlap * info_.time_factor;
  const at::Tensor on =
      around(sound.unsqueeze(0), -margin, config().samples_of(count + 2 * options_.overlap));
  return encode_straight(on.squeeze(0), job).narrow(2, options_.overlap, count).to(media.device());
}

at::Tensor SoundAutoencoder::whole_noise(const SoundDecodeOptions& options, int64_t step,
                                         int64_t columns) const {
  at::Generator generator = at::detail::createCPUGenerator(options.seed);
  at::Tensor noise;
  for (int64_t i = 0; i <= step; ++i) {
    noise = at::randn({1, 2, config().bins(), columns * config().frames_per_latent()}, generator,
                      at::TensorOptions(at::kFloat));
  }
  return noise;
}

// The same for a column whichever piece it is in, and whichever time round.
at::Tensor SoundAutoencoder::column_noise(const SoundDecodeOptions& options, int64_t step,
                                          Piece piece, int64_t period) const {
  std::vector<at::Tensor> columns;
  for (int64_t i = piece.first; i < piece.first + piece.count; ++i) {
    const int64_t column = (i % period + period) % period;
    const uint64_t seed = options.seed + 0x9e3779b97f4a7c15U * static_cast<uint64_t>(column + 1) +
                          0xd1b54a32d192ed03U * static_cast<uint64_t>(step);
    columns.push_back(at::randn({1, 2, config().bins(), config().frames_per_latent()},
                                at::detail::createCPUGenerator(seed),
                                at::TensorOptions(at::kFloat)));
  }
  return at::cat(columns, 3);
}

at::Tensor SoundAutoencoder::decode_piece(const at::Tensor& latents,
                                          const SoundDecodeOptions& options,
                                          const std::function<at::Tensor(int64_t step)>& noise,
                                          const Job& job) {
  const ConsistencyConfig& c = config();
  const int64_t batch = latents.size(0);
  const auto pyramid =
      model_->pyramid((latents.to(at::kFloat) * c.sigma_rescale).to(options_.device), job);
  const std::vector<double> sigmas = consistency_sigmas(c, options.steps);
  const auto noise_at = [&](size_t step) {
    return noise(static_cast<int64_t>(step)).to(options_.device).expand({batch, -1, -1, -1});
  };
  at::Tensor x = noise_at(0) * sigmas[0];
  for (size_t i = 0; i < sigmas.size(); ++i) {
    job.check();
    if (i > 0) {
      const double back = std::sqrt(sigmas[i] * sigmas[i] - c.sigma_min * c.sigma_min);
      x = x + noise_at(i) * back;
    }
    const auto sigma =
        at::full({batch}, sigmas[i], at::TensorOptions(at::kFloat).device(options_.device));
    x = model_->denoise(x.contiguous(), sigma, pyramid, job);
  }
  return x.to(at::kCPU, at::kFloat);
}

at::Tensor SoundAutoencoder::decode_straight(const at::Tensor& latents,
                                             const SoundDecodeOptions& options,
                                             int64_t first_column, int64_t period, const Job& job) {
  const int64_t count = latents.size(2);
  const auto all = pieces(count);
  Blend blend(latents.size(0), 1, config().samples_of(count), options_.overlap * info_.time_factor);
  for (const Piece& piece : all) {
    job.check();
    const auto noise = [&](int64_t step) {
      if (all.size() == 1 && period == 0) return whole_noise(options, step, count);
      return column_noise(options, step, {first_column + piece.first, piece.count},
                          period > 0 ? period : count);
    };
    const at::Tensor picture =
        decode_piece(latents.narrow(2, piece.first, piece.count), options, noise, job);
    blend.add(inverse_companded_stft(picture, config()).unsqueeze(1),
              piece.first * info_.time_factor);
    job.report("decode", piece.first + piece.count, count);
  }
  return blend.out();
}

at::Tensor SoundAutoencoder::decode(const at::Tensor& latents, const DenoiseOptions& options,
                                    const Job& job) {
  return decode_sound(latents, {.circular = options.circular_time}, job);
}

at::Tensor SoundAutoencoder::decode_sound(const at::Tensor& latents,
                                          const SoundDecodeOptions& options, const Job& job) {
  const at::NoGradGuard no_grad;
  if (latents.dim() != 3 || latents.numel() == 0 || latents.size(1) != info_.latent_channels) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("latents: expected [B, {}, columns], got [{}]", info_.latent_channels,
                            fmt::join(latents.sizes(), ", ")));
  }
  const at::Tensor z = latents.cpu();
  const int64_t count = z.size(2);
  if (!options.circular) return decode_straight(z, options, 0, 0, job).to(latents.device());
  const int64_t samples = count * info_.time_factor;
  const int64_t margin = config().margin();
  at::Tensor sound;
  if (count <= options_.piece) {
    const nn::CircularWidth wraps(true);
    sound = decode_straight(z, options, 0, count, job);
    // The windows that reach beyond the end lie over the beginning.
    at::Tensor head = sound.narrow(2, 0, margin);
    head.add_(sound.narrow(2, samples, margin));
    sound = sound.narrow(2, 0, samples).clamp(-1, 1);
  } else {
    const int64_t before = options_.overlap;
    const int64_t first = before * info_.time_factor;
    sound = decode_straight(around(z, -before, count + 2 * before), options, -before, count, job);
    // What follows the end leads over to the beginning.
    const int64_t fade = std::max<int64_t>(1, first / 2);
    const at::Tensor up = rise(fade);
    at::Tensor head = sound.narrow(2, first, fade);
    head.copy_(head * up + sound.narrow(2, first + samples, fade) * (1 - up));
    sound = sound.narrow(2, first, samples);
  }
  return sound.contiguous().to(latents.device());
}

}  // namespace riffle::models
