// SPDX-License-Identifier: GPL-3.0-or-later
// A GPU can be done with a small network's kernels before the CPU has launched them. CUDA graphs
// record the launches of one evaluation and repeat them all by one.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace riffle::nn {

// Work on tensors that stay where they are, to be done again on whatever lies in them then.
class Recording {
 public:
  virtual ~Recording() = default;
  // Does `work`, which must not wait for the device, and keeps what it launches. Once.
  virtual void record(const std::function<void()>& work) = 0;
  virtual void replay() = 0;
};

using MakeRecording = std::function<std::unique_ptr<Recording>()>;

// Empty for the CPU, and in programs whose libtorch has no CUDA.
MakeRecording cuda_recorder(at::Device device);

// Evaluations of a function of tensors whose work follows from the shapes of its inputs alone.
// Shapes are recorded when they come up a second time. Not for gradients, nor for functions that
// keep anything.
class Replays {
 public:
  using Function = std::function<at::Tensor(const std::vector<at::Tensor>& inputs)>;

  // make: empty to evaluate directly. most: so many sets of shapes are kept, each with the memory
  // of its intermediate results.
  explicit Replays(MakeRecording make, size_t most = 4) : make_(std::move(make)), most_(most) {}

  // function(inputs), as a tensor of the caller's own. inputs: all on one device; may be
  // undefined. variant: what the work depends on beside shapes. Where recording fails the log is
  // told once, and everything is evaluated directly from then on.
  at::Tensor run(const std::vector<at::Tensor>& inputs, int64_t variant, const Function& function);
  // What was recorded while the weights lay elsewhere is forgotten.
  void weights_are(int64_t generation);

 private:
  struct Kept {
    std::string shapes;
    std::vector<at::Tensor> inputs;
    at::Tensor output;
    std::unique_ptr<Recording> recording;  // null until it has come up again
  };

  Kept& kept(const std::string& shapes);
  at::Tensor replay(Kept& kept, const std::vector<at::Tensor>& inputs);

  MakeRecording make_;
  size_t most_;
  int64_t generation_ = 0;
  std::vector<Kept> kept_;  // the one used last is at the end
};

}  // namespace riffle::nn
