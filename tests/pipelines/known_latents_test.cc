// SPDX-License-Identifier: GPL-3.0-or-later
// Recordings whose latents are known already are not encoded again.
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "pipelines/cover.h"
#include "pipelines/inpaint.h"
#include "pipelines/sound_latents.h"
#include "pipelines/vary.h"
#include "support.h"
#include "weights/safetensors.h"

namespace riffle::pipelines {
namespace {

using test::quick;

constexpr int kRate = 22050;

class KnownLatents : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<test::TinyModel>(); }
  static void TearDownTestSuite() { model_.reset(); }
  static std::string sound_file(const audio::Waveform& sound) {
    return model_->sound_file("sound.wav", sound);
  }
  static std::string latents_file(const at::Tensor& latents) {
    const auto path = model_->file("known.safetensors");
    weights::write_safetensors(path, {{"latents", latents}});
    return path.string();
  }
  static std::string encoded(const audio::Waveform& sound) {
    return latents_file(latents_of_sound(**model_, sound, {}).latents);
  }
  // Not what any sound would be encoded to: it shows where it was used.
  static at::Tensor marks(const audio::Waveform& sound) {
    return at::randn({sound.channels(), geometry().latent_channels, geometry().rows,
                      geometry().columns_of(sound.frames())});
  }
  static void expect_same_column(const at::Tensor& a, int64_t at_a, const at::Tensor& b,
                                 int64_t at_b) {
    EXPECT_LT(test::relative_error(a.select(3, at_a), b.select(3, at_b)), 1e-5)
        << at_a << " and " << at_b;
  }
  static const Geometry& geometry() { return (*model_)->geometry(); }
  static inline std::unique_ptr<test::TinyModel> model_;
};

template <class Request, class Run>
void expect_same_with(const std::string& latents, Request request, const Run& run) {
  const Clip encoded = std::move(run(request).at(0));
  request.latents = latents;
  const Clip known = std::move(run(request).at(0));
  EXPECT_EQ(known.sound.samples, encoded.sound.samples);
  EXPECT_EQ(known.request.at("latents"), latents);
}

TEST_F(KnownLatents, ThoseItWouldHaveEncodedMakeTheSameClip) {
  // Shorter than a window: all of it is encoded at once.
  const audio::Waveform sound = test::melody(2 * kRate, kRate, 2);
  const std::string file = sound_file(sound);
  const std::string latents = encoded(sound);
  expect_same_with(latents, CoverRequest{.file = file, .prompt = "p", .sampling = quick(1)},
                   [](const auto& r) { return cover(**model_, r); });
  expect_same_with(
      latents,
      InpaintRequest{.file = file, .prompt = "p", .from = "0.5s", .to = "1s", .sampling = quick(1)},
      [](const auto& r) { return inpaint(**model_, r); });
  expect_same_with(latents, VaryRequest{.file = file, .amount = 0.2, .seed = 3},
                   [](const auto& r) { return vary(**model_, r); });
}

TEST_F(KnownLatents, AreTakenFromThePlaceInTheFile) {
  const audio::Waveform sound = test::melody(10 * kRate, kRate);
  const at::Tensor known = marks(sound);
  InpaintRequest request{.file = sound_file(sound),
                         .latents = latents_file(known),
                         .prompt = "p",
                         .sampling = quick(1)};
  const int64_t column = geometry().samples_per_column();
  for (const auto& [from, to] : {std::pair{6.0, 7.0}, {0.1, 0.2}, {9.5, 10.0}, {3.0, 9.0}}) {
    request.from = std::to_string(from) + "s";
    request.to = std::to_string(to) + "s";
    const at::Tensor made = inpaint(**model_, request).at(0).latents;
    const int64_t around = geometry().window_samples() / 2;
    const int64_t first = std::max<int64_t>(0, nearest(from * kRate) - around) / column;
    const int64_t last = first + made.size(3) - 1;
    // What is kept is the file's own at both ends, but where the new part goes up to there.
    if (from > 0.15) expect_same_column(made, 0, known, first);
    if (to < 10) expect_same_column(made, made.size(3) - 1, known, last);
  }
}

TEST_F(KnownLatents, SteerWhatGoesOnFromThem) {
  const audio::Waveform sound = test::melody(nearest(3.3 * kRate), kRate);
  const at::Tensor known = marks(sound);
  const Clip clip = std::move(extend(**model_, {.file = sound_file(sound),
                                                .latents = latents_file(known),
                                                .length = {.seconds = 1},
                                                .sampling = quick(1)})
                                  .at(0));
  EXPECT_EQ(clip.sound.frames(), sound.frames() + kRate);
  const int64_t kept = sound.frames() - geometry().window_samples() / 2;
  expect_same_column(clip.latents, 0, known, kept / geometry().samples_per_column());
  // Before the beginning it is encoded, and as exact.
  const Clip before = std::move(extend(**model_, {.file = sound_file(sound),
                                                  .latents = latents_file(known),
                                                  .length = {.seconds = 1},
                                                  .side = "start",
                                                  .sampling = quick(1)})
                                    .at(0));
  EXPECT_EQ(before.sound.frames(), sound.frames() + kRate);
}

TEST_F(KnownLatents, OfAnotherSoundAreRefused) {
  const audio::Waveform sound = test::melody(3 * kRate, kRate);
  const auto refused = [&](const audio::Waveform& file, const at::Tensor& latents) {
    const InpaintRequest request{.file = sound_file(file),
                                 .latents = latents_file(latents),
                                 .prompt = "p",
                                 .from = "0s",
                                 .to = "1s",
                                 .sampling = quick(1)};
    try {
      inpaint(**model_, request);
    } catch (const Error& error) {
      return error.code() == ErrorCode::InvalidArgument && !error.hint().empty();
    }
    return false;
  };
  EXPECT_TRUE(refused(sound, marks(test::melody(4 * kRate, kRate))));
  EXPECT_TRUE(refused(sound, marks(test::melody(3 * kRate, kRate, 2))));
  EXPECT_TRUE(refused(test::melody(3 * 44100, 44100), marks(sound)));
  EXPECT_THROW(read_latents(latents_file(at::randn({1, 3, 8, 10})), geometry()), Error);
  EXPECT_THROW(read_latents(latents_file(at::randn({8, 10})), geometry()), Error);
}

}  // namespace
}  // namespace riffle::pipelines
