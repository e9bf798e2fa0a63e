// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/latent_cache.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "models/autoencoder_kl.h"
#include "models/load_module.h"
#include "models/mel_autoencoder.h"
#include "nn/layer.h"
#include "train/model_files.h"
#include "train/windows.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

namespace fs = std::filesystem;

std::string latents_name(const std::string& id) { return id + ".latents"; }

LatentMaker mel_maker(const fs::path& folder, const FoundPart& part, at::Device device) {
  const auto config = models::MelAutoencoderConfig::from_json(part.config, folder.string());
  if (config.latents_std.empty()) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: the autoencoder's latents were not measured", folder.string()),
                "train it with riffle train autoencoder");
  }
  const auto model = std::make_shared<models::MelAutoencoder>(config);
  models::load_module(*model, *part.tensors, {.share = false, .optional = {}});
  model->to(device);
  if (device.is_cpu()) nn::pack_for_inference(*model);
  return {.fingerprint = {},
          .time_factor = config.patch,
          .channels = config.latent_channels,
          .rows = config.latent_rows,
          .row_factor = config.row_factor(),
          .encode =
              [model, device](const at::Tensor& levels, const Job& job) {
                const at::Tensor picture = picture_of_levels(levels.to(device));
                return model->normalise(model->encode(picture.unsqueeze(0).unsqueeze(0), job))[0];
              },
          .decode =
              [model, device](const at::Tensor& latents, const Job& job) {
                const at::Tensor z = latents.to(device, at::kFloat).unsqueeze(0);
                return levels_of_picture(model->decode(model->denormalise(z), job)[0][0]);
              }};
}

LatentMaker kl_maker(const fs::path& folder, const FoundPart& part, at::Device device) {
  const auto config = models::AutoencoderKLConfig::from_json(part.config, folder.string());
  const auto model = std::make_shared<models::AutoencoderKL>(config);
  models::load_module(*model, *part.tensors, {.share = false, .optional = {}});
  model->to(device);
  if (device.is_cpu()) nn::pack_for_inference(*model);
  return {.fingerprint = {},
          .time_factor = config.factor(),
          .channels = config.latent_channels,
          .rows = 0,
          .row_factor = config.factor(),
          .encode =
              [model, device](const at::Tensor& levels, const Job& job) {
                const at::Tensor picture = picture_of_levels(levels.to(device));
                const int64_t channels = model->config().in_channels;
                const at::Tensor planes = picture.expand({1, channels, -1, -1}).contiguous();
                return model->encode(planes, job).mean[0] * model->config().scaling_factor;
              },
          .decode =
              [model, device](const at::Tensor& latents, const Job& job) {
                const at::Tensor z = latents.to(device, at::kFloat).unsqueeze(0);
                return levels_of_picture(
                    model->decode(z / model->config().scaling_factor, job)[0].mean(0));
              }};
}

}  // namespace

LatentMaker make_latent_maker(const fs::path& model, at::Device device) {
  const FoundPart part = find_part(model, "vae");
  const bool mel = models::MelAutoencoderConfig::describes(part.config);
  LatentMaker maker = mel ? mel_maker(model, part, device) : kl_maker(model, part, device);
  maker.fingerprint = encoder_fingerprint(part);
  return maker;
}

LatentCache::LatentCache(const shards::ShardReader& corpus, fs::path folder, LatentMaker maker)
    : corpus_(corpus), folder_(std::move(folder)), maker_(std::move(maker)) {
  folder_ /= fs::path("latents") / maker_.fingerprint;
}

fs::path LatentCache::file_of(int64_t shard) const {
  return folder_ / fmt::format("{:05}.safetensors", shard);
}

int64_t LatentCache::fill(const Job& job) {
  const at::NoGradGuard no_grad;
  std::error_code ec;
  fs::create_directories(folder_, ec);
  if (ec) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot make the folder {}: {}", folder_.string(), ec.message()));
  }
  std::map<int64_t, std::vector<size_t>> missing;  // shard -> records
  const auto total = static_cast<int64_t>(corpus_.records().size());
  int64_t done = 0;
  for (size_t i = 0; i < corpus_.records().size(); ++i) {
    const int64_t shard = corpus_.shard_of(i);
    if (fs::exists(file_of(shard), ec)) {
      ++done;
    } else {
      missing[shard].push_back(i);
    }
  }
  const int64_t before = done;
  for (const auto& [shard, records] : missing) {
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    for (const size_t record : records) {
      job.check();
      const int64_t frames =
          corpus_.records()[record].frames / maker_.time_factor * maker_.time_factor;
      if (frames > 0) {
        const at::Tensor levels = corpus_.levels(record).narrow(1, 0, frames);
        tensors.emplace_back(latents_name(corpus_.records()[record].id),
                             maker_.encode(levels, job).to(at::kCPU, at::kHalf));
      }
      job.report("encode", ++done, total);
    }
    weights::write_safetensors(file_of(shard), tensors);
  }
  return done - before;
}

const weights::TensorSource& LatentCache::source(int64_t shard) const {
  const std::scoped_lock lock(mutex_);
  auto& source = sources_[shard];
  if (!source) source = weights::open_safetensors(file_of(shard)).tensors;
  return *source;
}

at::Tensor LatentCache::latents(size_t record) const {
  return source(corpus_.shard_of(record)).view(latents_name(corpus_.records()[record].id));
}

}  // namespace riffle::train
