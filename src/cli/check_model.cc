// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/check_model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "models/riff_parts.h"
#include "models/riff_seams.h"
#include "models/sound_autoencoder.h"
#include "nn/attention.h"
#include "nn/conv2d.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/replay.h"
#include "pipelines/band_sampling.h"
#include "weights/safetensors.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSeed = 20221215;
constexpr const char* kDirect = "direct operators";
constexpr const char* kThirdParty = "third-party numbers";

// Winograd's convolution rounds some ten times as much as direct sums, which agree within 1e-6; the
// errors of single layers add up over a network. Half precision, which CUDA computes with, rounds
// every value by up to 5e-4 of itself.
constexpr double kLayerTolerance = 1e-4;
double network_tolerance(at::Device device) { return device.is_cuda() ? 3e-2 : 1e-3; }

at::Generator generator() { return at::detail::createCPUGenerator(kSeed); }

double distance(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor a = got.to(at::kCPU, at::kDouble);
  const at::Tensor b = want.to(at::kCPU, at::kDouble);
  if (a.sizes() != b.sizes() || !a.isfinite().all().item<bool>()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double size = b.norm().item<double>();
  return (a - b).norm().item<double>() / (size > 0 ? size : 1);
}

// `run` on the layer as it was made, and as it is prepared for the device.
template <class LayerType>
Check check_layer(const char* what, LayerType layer, at::Device device, const at::Tensor& x,
                  const std::function<at::Tensor(LayerType&, const at::Tensor&)>& run) {
  layer.reset(generator());
  const at::Tensor want = run(layer, x);
  if (device.is_cuda()) {
    layer.to(device);
  } else {
    layer.pack({});
  }
  return {what, kDirect, distance(run(layer, x.to(device)), want), kLayerTolerance};
}

template <class LayerType>
Check check_forward(const char* what, LayerType layer, at::Device device, const at::Tensor& x) {
  return check_layer<LayerType>(
      what, std::move(layer), device, x,
      [](LayerType& l, const at::Tensor& input) { return l.forward(input); });
}

Check check_attention(at::Device device, const at::Generator& random) {
  const auto draw = [&] { return at::randn({2, 300, 320}, random); };
  const at::Tensor q = draw();
  const at::Tensor k = draw();
  const at::Tensor v = draw();
  const at::Tensor want = nn::attention(q, k, v, {.heads = 8});
  const at::Tensor got = nn::attention(q.to(device), k.to(device), v.to(device),
                                       {.heads = 8, .blocked = device.is_cpu()});
  return {"attention", kDirect, distance(got, want), kLayerTolerance};
}

// Named outputs of a network.
using Results = std::vector<std::pair<std::string, at::Tensor>>;
// Inputs by name: "unet.sample"; the same for every way of computing.
struct Inputs {
  at::Tensor ids, sample, timestep, context, picture, z;
  at::Tensor summary{};  // undefined where the UNet reads none
};

Inputs make_inputs(const models::RiffParts& parts) {
  const at::Generator random = generator();
  const auto& unet = parts.unet_config();
  const auto& vae = parts.vae_config();
  const auto& text = parts.text_config();
  const int64_t side = std::min<int64_t>(unet.sample_size, 32);
  const int64_t small = 8;
  const int64_t pixels = small * vae.factor();
  const int64_t features = unet.projection_class_embeddings_input_dim;
  const at::Tensor summary = features > 0 ? at::randn({1, features}, random) : at::Tensor();
  if (parts.has_mel_autoencoder()) {
    const auto& mel = parts.mel_config();
    return {at::randint(text.vocab_size, {1, text.max_position_embeddings}, random, at::kLong),
            at::randn({1, unet.in_channels, mel.latent_rows, side}, random),
            at::tensor({500.0F}),
            at::randn({1, text.max_position_embeddings, unet.cross_attention_dim}, random),
            at::randn({1, 1, mel.rows(), small * mel.patch}, random).clamp(-1, 1),
            at::randn({1, mel.latent_channels, mel.latent_rows, small}, random),
            summary};
  }
  return {at::randint(text.vocab_size, {1, text.max_position_embeddings}, random, at::kLong),
          at::randn({1, unet.in_channels, side, side}, random),
          at::tensor({500.0F}),
          at::randn({1, text.max_position_embeddings, unet.cross_attention_dim}, random),
          at::randn({1, vae.in_channels, pixels, pixels}, random).clamp(-1, 1),
          at::randn({1, vae.latent_channels, small, small}, random),
          summary};
}

// One network of a bundle computed in one way.
class Way {
 public:
  Way(const weights::Bundle& bundle, const models::RiffModelOptions& options, const Job& job)
      : parts_(bundle, options), replays_(nn::cuda_recorder(options.device)), job_(job) {}

  at::Tensor text(const at::Tensor& ids) {
    return parts_.text_encoder(job_).forward(ids.to(parts_.options().device), job_);
  }
  at::Tensor unet(const at::Tensor& sample, const at::Tensor& timestep, const at::Tensor& context,
                  const at::Tensor& summary = {}) {
    models::UNet2DConditionModel& network = parts_.unet(job_);
    const auto run = [&] {
      return replays_.run({put(sample), timestep.reshape({1}).to(device()), put(context),
                           summary.defined() ? put(summary) : summary},
                          0, [&](const std::vector<at::Tensor>& in) {
                            return network.forward(in[0], in[1], in[2], job_, nullptr, in[3]);
                          });
    };
    if (device().is_cuda()) run();  // recordings are what generations use: from the second on
    return run();
  }
  at::Tensor encode(const at::Tensor& picture) {
    return parts_.has_mel_autoencoder() ? parts_.mel_autoencoder(job_).encode(put(picture), job_)
                                        : parts_.vae(job_).encode(put(picture), job_).mean;
  }
  at::Tensor decode(const at::Tensor& z) {
    return parts_.has_mel_autoencoder() ? parts_.mel_autoencoder(job_).decode(put(z), job_)
                                        : parts_.vae(job_).decode(put(z), job_);
  }

  const models::RiffParts& parts() const { return parts_; }

 private:
  at::Device device() const { return parts_.options().device; }
  at::Tensor put(const at::Tensor& x) const {
    return x.to(device(), device().is_cuda() ? at::kHalf : at::kFloat);
  }

  models::RiffParts parts_;
  nn::Replays replays_;
  const Job& job_;
};

Results run_network(Way& way, const std::string& part, const Inputs& in) {
  if (part == "text_encoder") return {{part, way.text(in.ids)}};
  if (part == "unet") return {{part, way.unet(in.sample, in.timestep, in.context, in.summary)}};
  return {{"vae encoder", way.encode(in.picture)}, {"vae decoder", way.decode(in.z)}};
}

weights::TensorSourcePtr open_golden(const fs::path& folder, const char* name) {
  std::error_code ec;
  if (folder.empty() || !fs::exists(folder / name, ec)) return nullptr;
  return weights::open_safetensors(folder / name).tensors;
}

// The worst case of those a golden file has, numbered from 0: "0.sample", ...
double worst_case(const weights::TensorSource& golden, const char* first_input,
                  const std::function<double(const std::string& prefix)>& error) {
  double worst = 0;
  for (int i = 0; golden.find(fmt::format("{}.{}", i, first_input)) != nullptr; ++i) {
    const double this_one = error(fmt::format("{}.", i));
    if (!(this_one <= worst)) worst = this_one;
  }
  return worst;
}

void compare_with_golden(Way& way, const std::string& part, const fs::path& folder,
                         double tolerance, std::vector<Check>& checks) {
  const auto add = [&](const char* what, double error) {
    checks.push_back({what, kThirdParty, error, tolerance});
  };
  if (part == "text_encoder") {
    const auto golden = open_golden(folder, "clip_text.safetensors");
    if (!golden) return;
    add("text_encoder", distance(way.text(golden->load("ids")), golden->load("last_hidden_state")));
  } else if (part == "unet") {
    const auto golden = open_golden(folder, "unet.safetensors");
    if (!golden) return;
    add("unet", worst_case(*golden, "sample", [&](const std::string& prefix) {
          const auto get = [&](const char* name) { return golden->load(prefix + name); };
          return distance(way.unet(get("sample"), get("timestep"), get("encoder_hidden_states")),
                          get("out"));
        }));
  } else {
    const auto golden = open_golden(folder, "vae.safetensors");
    if (!golden) return;
    add("vae encoder", worst_case(*golden, "image", [&](const std::string& prefix) {
          return distance(way.encode(golden->load(prefix + "image")),
                          golden->load(prefix + "mean"));
        }));
    add("vae decoder", worst_case(*golden, "z", [&](const std::string& prefix) {
          return distance(way.decode(golden->load(prefix + "z")), golden->load(prefix + "decoded"));
        }));
  }
}

using AddCheck =
    std::function<void(const char* what, const at::Tensor& got, const at::Tensor& want)>;

void check_mel_autoencoder(const weights::Bundle& bundle, at::Device device,
                           const at::Generator& random, const AddCheck& add) {
  const auto exact = models::open_mel_autoencoder(bundle, {.device = at::kCPU, .exact = true});
  const auto fast = models::open_mel_autoencoder(bundle, {.device = device});
  const auto config = models::MelAutoencoderConfig::from_json(bundle.config("vae"), "vae");
  const at::Tensor picture =
      at::randn({1, 1, config.rows(), 8 * config.patch}, random).clamp(-1, 1);
  const at::Tensor z = at::randn({1, config.latent_channels, config.latent_rows, 8}, random);
  add("vae encoder", fast->encode(picture), exact->encode(picture));
  add("vae decoder", fast->decode(z), exact->decode(z));
}

void check_sound_autoencoder(const weights::Bundle& bundle, at::Device device,
                             const at::Generator& random, const AddCheck& add) {
  const fs::path folder = bundle.path() / "autoencoder";
  const auto exact = models::SoundAutoencoder::load(folder, {.device = at::kCPU, .exact = true});
  const auto fast = models::SoundAutoencoder::load(folder, {.device = device});
  const at::Tensor sound = at::randn({1, 1, exact->config().samples_of(8)}, random) * 0.1;
  const at::Tensor z = exact->encode(sound);
  add("autoencoder, encoding", fast->encode(sound), z);
  add("autoencoder, decoding", fast->decode(z), exact->decode(z));
}

}  // namespace

std::vector<Check> check_kernels(at::Device device, const Job& job) {
  const at::NoGradGuard no_grad;
  const at::Generator random = generator();
  const at::Tensor picture = at::randn({2, 64, 33, 29}, random);
  const at::Tensor sequence = at::randn({2, 100, 320}, random);
  std::vector<Check> checks;
  const auto add = [&](Check check) {
    job.check();
    checks.push_back(std::move(check));
  };
  add(check_forward("convolution 3x3", nn::Conv2d(64, 96), device, picture));
  add(check_forward("convolution 3x3, stride 2", nn::Conv2d(64, 96, {.stride = 2}), device,
                    picture));
  add(check_forward("convolution 1x1", nn::Conv2d(64, 96, {.kernel = 1, .padding = 0}), device,
                    picture));
  add(check_forward("linear", nn::Linear(320, 640), device, sequence));
  add(check_forward("gated linear", nn::GatedLinear(320, 640), device, sequence));
  add(check_layer<nn::GroupNorm>(
      "group norm, SiLU", nn::GroupNorm(32, 64, 1e-5), device, picture,
      [](nn::GroupNorm& l, const at::Tensor& x) { return l.forward_silu(x); }));
  add(check_forward("layer norm", nn::LayerNorm(320), device, sequence));
  add(check_attention(device, random));
  return checks;
}

std::vector<Check> check_networks(const weights::Bundle& bundle, at::Device device,
                                  const fs::path& golden, const Job& job) {
  const at::NoGradGuard no_grad;
  std::vector<Check> checks;
  for (const std::string part : {"text_encoder", "unet", "vae"}) {
    // One network in memory at a time, and in one form.
    Inputs inputs;
    Results want;
    {
      Way exact(bundle, {.device = at::kCPU, .exact = true}, job);
      inputs = make_inputs(exact.parts());
      want = run_network(exact, part, inputs);
    }
    Way fast(bundle, {.device = device}, job);
    const Results got = run_network(fast, part, inputs);
    const double tolerance = network_tolerance(device);
    for (size_t i = 0; i < got.size(); ++i) {
      checks.push_back({got[i].first, kDirect, distance(got[i].second, want[i].second), tolerance});
    }
    compare_with_golden(fast, part, golden, tolerance, checks);
  }
  return checks;
}

std::vector<Check> check_band_networks(const weights::Bundle& bundle, at::Device device,
                                       const Job& job) {
  const at::NoGradGuard no_grad;
  const at::Generator random = generator();
  const double tolerance = network_tolerance(device);
  std::vector<Check> checks;
  const AddCheck add = [&](const char* what, const at::Tensor& got, const at::Tensor& want) {
    job.check();
    checks.push_back({what, kDirect, distance(got, want), tolerance});
  };
  if (bundle.has("autoencoder")) {
    check_sound_autoencoder(bundle, device, random, add);
  } else {
    check_mel_autoencoder(bundle, device, random, add);
  }
  pipelines::BandModel exact(bundle, {.device = at::kCPU, .exact = true});
  pipelines::BandModel fast(bundle, {.device = device});
  const auto& config = exact.config();
  const at::Tensor x = at::randn({1, config.in_channels, 1, config.columns}, random);
  models::Conditioning conditioning;
  const auto predicted = [&](pipelines::BandModel& model) {
    return pipelines::BandDenoiser(model, {}).predict(x, 1.0, conditioning, {}, job);
  };
  add("unet alone", predicted(fast), predicted(exact));
  if (exact.hears_context()) {
    conditioning.context = at::randn({1, config.context_channels, 1, config.columns}, random);
  }
  if (exact.reads_style()) {
    const at::Tensor style = at::randn({1, config.embedding_dim}, random);
    conditioning.summary = style / style.norm();
  }
  add("unet with conditions", predicted(fast), predicted(exact));
  return checks;
}

}  // namespace riffle::cli
