// SPDX-License-Identifier: GPL-3.0-or-later
// Recordings by a stand-in for the GPU: kernels are closures over tensors, kept while recording.
#include "nn/replay.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "core/error.h"
#include "nn/torch_compat.h"

namespace riffle::nn {
namespace {

using Kernels = std::vector<std::function<void()>>;

struct Device {
  Kernels* recording = nullptr;
  int launched = 0;  // one by one
  int recorded = 0;
  int replayed = 0;
  bool broken = false;

  void launch(std::function<void()> kernel) {
    kernel();
    ++launched;
    if (recording != nullptr) recording->push_back(std::move(kernel));
  }
};

class StandIn final : public Recording {
 public:
  explicit StandIn(Device& device) : device_(device) {}
  void record(const std::function<void()>& work) override {
    if (device_.broken) throw std::runtime_error("cannot capture\nand more lines");
    device_.recording = &kernels_;
    ++device_.recorded;
    work();
    device_.recording = nullptr;
  }
  void replay() override {
    ++device_.replayed;
    for (const auto& kernel : kernels_) kernel();
  }

 private:
  Device& device_;
  Kernels kernels_;
};

class ReplaysTest : public testing::Test {
 protected:
  // 2 a + b, or 2 a without b.
  at::Tensor run(const at::Tensor& a, const at::Tensor& b = {}, int64_t variant = 0) {
    return replays_.run({a, b}, variant, [&](const std::vector<at::Tensor>& in) {
      const at::Tensor out = at::empty_like(in[0]);
      device_.launch([in, out] {
        at::Tensor result = out;
        result.copy_(in[1].defined() ? in[0] * 2 + in[1] : in[0] * 2);
      });
      return out;
    });
  }
  static at::Tensor of(double value, int64_t size = 3) { return at::full({size}, value); }

  Device device_;
  Replays replays_{[this] { return std::make_unique<StandIn>(device_); }, 2};
};

TEST_F(ReplaysTest, ReplaysOnNewValues) {
  EXPECT_TRUE(run(of(1), of(5)).equal(of(7)));
  EXPECT_EQ(device_.recorded, 0) << "a shape may come up once alone";
  const at::Tensor second = run(of(2), of(5));
  EXPECT_TRUE(second.equal(of(9)));
  EXPECT_EQ(device_.recorded, 1);
  EXPECT_EQ(device_.launched, 2);
  EXPECT_TRUE(run(of(3), of(6)).equal(of(12)));
  EXPECT_TRUE(second.equal(of(9))) << "results are the caller's own";
  EXPECT_EQ(device_.launched, 2);
  EXPECT_EQ(device_.replayed, 2);
}

TEST_F(ReplaysTest, OtherShapesTypesVariantsAndAbsencesAreOtherWork) {
  for (int i = 0; i < 2; ++i) run(of(1), of(5));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run(of(1)).equal(of(2)));
  EXPECT_EQ(device_.recorded, 2);
  run(of(1), of(5), 1);
  run(of(1, 4));
  run(of(1).to(at::kDouble));
  EXPECT_EQ(device_.replayed, 2);
  EXPECT_EQ(device_.launched, 7);
}

TEST_F(ReplaysTest, KeepsTheShapesUsedLast) {
  for (int i = 0; i < 2; ++i) run(of(1, 1));
  for (int i = 0; i < 2; ++i) run(of(1, 2));
  run(of(1, 1));  // now 2 is the older
  run(of(1, 3));
  run(of(1, 1));
  EXPECT_EQ(device_.recorded, 2);
  EXPECT_EQ(device_.replayed, 4);
  EXPECT_TRUE(run(of(4, 2)).equal(of(8, 2)));
  EXPECT_EQ(device_.recorded, 2) << "2 was given up and is new again";
}

TEST_F(ReplaysTest, ForgetsWhatOtherWeightsDid) {
  for (int i = 0; i < 2; ++i) run(of(1));
  replays_.weights_are(7);
  run(of(1));
  EXPECT_EQ(device_.replayed, 1);
  replays_.weights_are(7);
  run(of(1));
  EXPECT_EQ(device_.replayed, 2);
}

TEST_F(ReplaysTest, GoesOnWithoutWhereRecordingFails) {
  device_.broken = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(run(of(i)).equal(of(2 * i)));
  EXPECT_EQ(device_.launched, 3);
  device_.broken = false;
  run(of(1));
  EXPECT_EQ(device_.recorded, 0) << "it is not tried again";
}

TEST_F(ReplaysTest, ErrorsOfTheFunctionAreItsOwn) {
  const auto refuse = [](const std::vector<at::Tensor>&) -> at::Tensor {
    throw Error(ErrorCode::Cancelled, "cancelled");
  };
  run(of(1));
  EXPECT_THROW(replays_.run({of(1), {}}, 0, refuse), Error);
  device_.recording = nullptr;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run(of(4)).equal(of(8)));
  EXPECT_EQ(device_.replayed, 1) << "and the next one is recorded";
}

TEST(Replays, WithoutARecorderNothingIsRecorded) {
  EXPECT_FALSE(cuda_recorder(at::kCPU));
  Replays plain(cuda_recorder(at::kCPU));
  int evaluated = 0;
  for (int i = 0; i < 3; ++i) {
    plain.run({at::full({1}, 1.0)}, 0, [&](const std::vector<at::Tensor>& in) {
      ++evaluated;
      return in[0];
    });
  }
  EXPECT_EQ(evaluated, 3);
}

TEST(Replays, OnAGpuTheyGiveWhatDirectEvaluationGives) {
  if (!compat::cuda_available()) GTEST_SKIP() << "needs a CUDA device";
  const at::Device device(at::kCUDA, 0);
  Replays replays(cuda_recorder(device));
  const at::Tensor weight = at::randn({64, 64}).to(device);
  for (int i = 0; i < 4; ++i) {
    const at::Tensor x = at::randn({8, 64}).to(device);
    const auto twice = [&](const std::vector<at::Tensor>& in) {
      return in[0].matmul(weight).tanh().matmul(weight);
    };
    EXPECT_TRUE(replays.run({x}, 0, twice).allclose(twice({x}), 1e-4, 1e-4)) << i;
  }
}

}  // namespace
}  // namespace riffle::nn
