// SPDX-License-Identifier: GPL-3.0-or-later
// The consistency autoencoder against Music2Latent's own output on cae-tiny, and by its laws.
#include "models/sound_autoencoder.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/files.h"
#include "golden.h"
#include "models/companded_stft.h"
#include "nn/layer.h"
#include "weights/open_weights.h"

namespace riffle::models {
namespace {

// A network so narrow that long sounds cost little.
ConsistencyConfig narrow() {
  ConsistencyConfig c;
  c.hop = 32;
  c.base_channels = 4;
  c.multipliers_list = {1, 1, 2};
  c.layers_list = c.layers_list_encoder = {1, 1, 1};
  c.attention_list = c.attention_list_encoder = {0, 0, 1};
  c.freq_downsample_list = {1, 0};
  c.heads = 2;
  c.cond_channels = 8;
  c.bottleneck_base_channels = 16;
  c.num_bottleneck_layers = 1;
  c.bottleneck_channels = 8;
  return c;
}

std::unique_ptr<SoundAutoencoder> narrow_autoencoder(const SoundAutoencoderOptions& options = {}) {
  auto model = std::make_shared<ConsistencyAutoencoder>(narrow());
  nn::reset_parameters(*model, 3);  // not start(): a U-Net that gives zero would hide everything
  return std::make_unique<SoundAutoencoder>(std::move(model), options);
}

at::Tensor noise(at::IntArrayRef shape, uint64_t seed = 1) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

at::Tensor every_16th_row(const at::Tensor& picture) {
  return picture.slice(2, 0, c10::nullopt, 16);
}

class SoundAutoencoderTest : public testing::Test {
 private:
  at::NoGradGuard no_grad_;
};

// The companded spectrum involves no weights: the reference's 1e-4 holds.
TEST_F(SoundAutoencoderTest, RepresentationAgreesWithMusic2Latent) {
  const auto golden = golden_tensors("cae.safetensors");
  const at::Tensor got =
      companded_stft(golden->load("0.waveform").unsqueeze(0), ConsistencyConfig{});
  EXPECT_LT(relative_l2(every_16th_row(got.narrow(3, 0, 16)), golden->load("0.representation")),
            1e-4);
}

// Weights in half precision are off by 5e-4 of themselves at most; some twenty layers make a
// hundredth of it where the reference's float32 weights make 1e-4 (below).
TEST_F(SoundAutoencoderTest, AgreesWithMusic2Latent) {
  const auto golden = golden_tensors("cae.safetensors");
  const auto autoencoder = SoundAutoencoder::load(test::golden_file("cae-tiny"), {.exact = true});
  const at::Tensor latents = autoencoder->encode(golden->load("0.waveform").view({1, 1, -1}));
  EXPECT_LT(relative_l2(latents, golden->load("0.latents")), 1e-2);
  const at::Tensor sound = autoencoder->decode_sound(golden->load("0.latents"), {.seed = 123});
  EXPECT_LT(relative_l2(sound.squeeze(1), golden->load("0.decoded")), 1e-2);
}

TEST_F(SoundAutoencoderTest, AgreesWithTheWholeReference) {
  RIFFLE_REFERENCE_OR_SKIP(checkpoint, "cae-tiny/music2latent.pt");
  RIFFLE_REFERENCE_OR_SKIP(file, "golden/cae.safetensors");
  const auto golden = weights::open_safetensors(file).tensors;
  for (const bool exact : {true, false}) {
    const auto autoencoder = SoundAutoencoder::load(checkpoint, {.exact = exact});
    for (const uint64_t i : {0, 1}) {
      const std::string name = std::to_string(i) + ".";
      const at::Tensor wave = golden->load(name + "waveform");
      EXPECT_LT(
          relative_l2(autoencoder->encode(wave.view({1, 1, -1})), golden->load(name + "latents")),
          1e-4)
          << i << exact;
      const at::Tensor sound =
          autoencoder->decode_sound(golden->load(name + "latents"), {.seed = 123 + i});
      EXPECT_LT(relative_l2(sound.squeeze(1), golden->load(name + "decoded")), 1e-3) << i << exact;
    }
  }
}

TEST_F(SoundAutoencoderTest, UNetAgreesWithTheWholeReference) {
  RIFFLE_REFERENCE_OR_SKIP(checkpoint, "cae-tiny/music2latent.pt");
  RIFFLE_REFERENCE_OR_SKIP(parameters, "cae-tiny/hparams.json");
  RIFFLE_REFERENCE_OR_SKIP(file, "golden/cae.safetensors");
  const auto golden = weights::open_safetensors(file).tensors;
  ConsistencyAutoencoder model(ConsistencyConfig::from_json(read_json_file(parameters), "h"));
  load_module(model, *weights::open_weights(checkpoint), {.optional = {}});
  const auto pyramid = model.pyramid(golden->load("u.latents"));
  ASSERT_EQ(pyramid.size(), 5U);
  for (size_t level = 0; level < 5; ++level) {
    const at::Tensor got = level < 2 ? pyramid[level].mean(2) : pyramid[level];
    EXPECT_LT(relative_l2(got, golden->load(fmt::format("u.pyramid{}", level))), 1e-4) << level;
  }
  for (int k = 0; k < 3; ++k) {
    const at::Tensor got =
        model.denoise(golden->load("u.x"), golden->load(fmt::format("u.sigma{}", k)), pyramid);
    EXPECT_LT(relative_l2(got, golden->load(fmt::format("u.out{}", k))), 1e-4) << k;
  }
}

// What is left out of the spectrum is its last bin; a low tone has nothing there.
TEST_F(SoundAutoencoderTest, SpectrumRoundTrip) {
  const ConsistencyConfig c = narrow();
  const at::Tensor tone =
      at::sin(at::arange(c.samples_of(10), at::kFloat) * 0.3).unsqueeze(0) * 0.5;
  const at::Tensor back = inverse_companded_stft(companded_stft(tone, c), c);
  ASSERT_EQ(back.sizes(), tone.sizes());
  const int64_t inside = tone.size(1) - 2 * c.window();
  EXPECT_LT(max_abs(back.narrow(1, c.window(), inside), tone.narrow(1, c.window(), inside)), 1e-4);
}

// At the least noise level the consistency function must be the identity, whatever the weights.
TEST_F(SoundAutoencoderTest, IsTheIdentityAtTheLeastNoise) {
  ConsistencyAutoencoder model(narrow());
  nn::reset_parameters(model, 5);
  const at::Tensor x = noise({2, 2, 64, 8});
  const auto pyramid = model.pyramid(noise({2, 8, 4}, 2).tanh());
  const auto at_sigma = [&](double sigma) {
    return model.denoise(x, at::full({2}, sigma), pyramid);
  };
  EXPECT_LT(max_abs(at_sigma(narrow().sigma_min), x), 1e-5);
  EXPECT_GT(max_abs(at_sigma(1), x), 0.1);
}

TEST_F(SoundAutoencoderTest, LengthsAndBatches) {
  const auto autoencoder = narrow_autoencoder();
  const ConsistencyConfig& c = autoencoder->config();
  EXPECT_EQ(c.samples_per_latent(), 64);
  EXPECT_EQ(autoencoder->info().time_factor, 64);
  const at::Tensor sound = noise({3, 1, c.samples_of(5) + 63}) * 0.1;
  const at::Tensor latents = autoencoder->encode(sound);
  ASSERT_EQ(latents.sizes(), (std::vector<int64_t>{3, 8, 5}));
  EXPECT_LT(max_abs(autoencoder->encode(sound.narrow(0, 1, 1)), latents.narrow(0, 1, 1)), 1e-4);
  const at::Tensor decoded = autoencoder->decode(latents);
  ASSERT_EQ(decoded.sizes(), (std::vector<int64_t>{3, 1, c.samples_of(5)}));
  EXPECT_LT(max_abs(autoencoder->decode(latents.narrow(0, 1, 1)), decoded.narrow(0, 1, 1)), 1e-4);
  EXPECT_RIFFLE_ERROR(autoencoder->encode(noise({1, 1, c.samples_of(1) - 1})),
                      ErrorCode::InvalidArgument, "at least 160");
  EXPECT_RIFFLE_ERROR(autoencoder->encode(noise({1, 2, 900})), ErrorCode::InvalidArgument,
                      "[1, 2, 900]");
  EXPECT_RIFFLE_ERROR(autoencoder->decode(noise({1, 7, 3})), ErrorCode::InvalidArgument, "[B, 8");
}

// Two channels with equal latents are equal; the seed decides, and every further step is taken.
TEST_F(SoundAutoencoderTest, NoiseIsSharedAndSeeded) {
  const auto autoencoder = narrow_autoencoder();
  const at::Tensor latents = noise({1, 8, 6});
  const auto decode = [&](const at::Tensor& z, const SoundDecodeOptions& options) {
    return autoencoder->decode_sound(z, options);
  };
  const at::Tensor stereo = decode(at::cat({latents, latents}), {.seed = 7});
  EXPECT_LT(max_abs(stereo[0], stereo[1]), 1e-6);
  EXPECT_EQ(max_abs(decode(latents, {.seed = 7}), decode(latents, {.seed = 7})), 0);
  EXPECT_GT(max_abs(decode(latents, {.seed = 7}), decode(latents, {.seed = 8})), 1e-4);
  EXPECT_GT(max_abs(decode(latents, {.seed = 7}), decode(latents, {.steps = 2, .seed = 7})), 1e-4);
  EXPECT_RIFFLE_ERROR(decode(latents, {.steps = 0}), ErrorCode::InvalidArgument, "one step");
  const auto sigmas = consistency_sigmas(ConsistencyConfig{}, 2);
  EXPECT_NEAR(sigmas[0], 80, 1e-9);
  EXPECT_NEAR(sigmas[1], 80 * std::pow((1 + std::pow(0.002 / 80, 1.0 / 7)) / 2, 7), 1e-6);
}

// A seam would be a jump: no step between samples where pieces meet is larger than elsewhere.
TEST_F(SoundAutoencoderTest, PiecesHaveNoSeams) {
  const auto autoencoder = narrow_autoencoder({.piece = 24, .overlap = 8});
  const ConsistencyConfig& c = autoencoder->config();
  const int64_t count = 70;
  const at::Tensor latents = noise({1, 8, count});
  const at::Tensor sound = autoencoder->decode(latents).flatten();
  ASSERT_EQ(sound.size(0), c.samples_of(count));
  EXPECT_TRUE(at::isfinite(sound).all().item<bool>());
  const at::Tensor steps = sound.diff().abs();
  double seams = 0;
  for (int64_t first = 16; first + 8 <= count; first += 16) {
    const int64_t from = (first + 1) * c.samples_per_latent();
    seams = std::max(seams, steps.narrow(0, from, 6 * c.samples_per_latent()).max().item<double>());
  }
  EXPECT_LT(seams, 1.5 * steps.narrow(0, 2 * c.window(), 10 * 64).max().item<double>());
  // Inside a piece nothing but the norms' averages knows where it was cut.
  const at::Tensor wave = noise({1, 1, c.samples_of(count)}) * 0.1;
  const at::Tensor cut = autoencoder->encode(wave);
  const at::Tensor whole = narrow_autoencoder({.piece = 200})->encode(wave);
  ASSERT_EQ(cut.sizes(), whole.sizes());
  EXPECT_LT(relative_l2(cut, whole), 0.2);
}

// A loop that is turned by some latents has the same latents turned.
TEST_F(SoundAutoencoderTest, LoopsGoRound) {
  const auto autoencoder = narrow_autoencoder();
  const int64_t factor = autoencoder->info().time_factor;
  const at::Tensor wave = noise({1, 1, 12 * factor}) * 0.1;
  const at::Tensor latents = autoencoder->encode(wave, {}, {.circular_time = true});
  ASSERT_EQ(latents.size(2), 12);
  const at::Tensor turned =
      autoencoder->encode(wave.roll(5 * factor, 2), {}, {.circular_time = true});
  EXPECT_LT(max_abs(turned, latents.roll(5, 2)), 1e-3);
  const at::Tensor sound = autoencoder->decode(latents, {.circular_time = true});
  ASSERT_EQ(sound.size(2), 12 * factor);
  const auto in_pieces = narrow_autoencoder({.piece = 24, .overlap = 8});
  const at::Tensor longer = in_pieces->decode(noise({1, 8, 60}), {.circular_time = true});
  ASSERT_EQ(longer.size(2), 60 * factor);
  const at::Tensor flat = longer.flatten();
  const double join = (flat[0] - flat[flat.size(0) - 1]).abs().item<double>();
  EXPECT_LT(join, flat.diff().abs().max().item<double>());
  EXPECT_RIFFLE_ERROR(autoencoder->encode(noise({1, 1, 70}), {}, {.circular_time = true}),
                      ErrorCode::InvalidArgument, "multiple of 64");
}

TEST(ConsistencyConfigTest, NamesWhatIsWrong) {
  const auto with = [](const char* key, const Json& value) {
    Json json = narrow().to_json();
    json[key] = value;
    return ConsistencyConfig::from_json(json, "c");
  };
  EXPECT_EQ(ConsistencyConfig::from_json(narrow().to_json(), "c").to_json(), narrow().to_json());
  EXPECT_RIFFLE_ERROR(with("layers_list", Json::array({1, 1})), ErrorCode::BadFile,
                      "\"layers_list\"");
  EXPECT_RIFFLE_ERROR(with("hop", 9), ErrorCode::BadFile, "\"hop\"");
  EXPECT_RIFFLE_ERROR(with("heads", 3), ErrorCode::BadFile, "\"heads\"");
  EXPECT_RIFFLE_ERROR(with("sigma_max", 0.001), ErrorCode::BadFile, "\"sigma_max\"");
  EXPECT_RIFFLE_ERROR(with("use_fourier", true), ErrorCode::Unsupported, "\"use_fourier\"");
  EXPECT_RIFFLE_ERROR(with("new_trick", 3), ErrorCode::Unsupported, "\"new_trick\"");
  EXPECT_RIFFLE_ERROR(with("base_channels", 1 << 30), ErrorCode::BadFile, "\"base_channels\"");
}

TEST_F(SoundAutoencoderTest, RefusesWhatIsNoAutoencoder) {
  const test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(SoundAutoencoder::load(folder.path()), ErrorCode::NotFound, "no autoencoder");
  EXPECT_RIFFLE_ERROR(SoundAutoencoder::load(folder / "absent"), ErrorCode::NotFound, "no such");
  write_text_file(folder / "config.json", narrow().to_json().dump());
  weights::write_safetensors(folder / "model.safetensors", {{"gain", at::zeros({2})}});
  EXPECT_RIFFLE_ERROR(SoundAutoencoder::load(folder.path()), ErrorCode::BadFile, "missing");
}

}  // namespace
}  // namespace riffle::models
