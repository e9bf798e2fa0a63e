// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/replay.h"

#ifdef RIFFLE_CUDA_GRAPHS
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/api/include/torch/version.h>
#endif

namespace riffle::nn {

#ifdef RIFFLE_CUDA_GRAPHS
namespace {

class CudaRecording final : public Recording {
 public:
  explicit CudaRecording(at::Device device) : device_(device) {}

  void record(const std::function<void()>& work) override {
    const c10::cuda::CUDAGuard here(device_);
    c10::cuda::getCurrentCUDAStream().synchronize();  // the inputs are there
    // The default stream cannot be recorded.
    const c10::cuda::CUDAStreamGuard aside(c10::cuda::getStreamFromPool());
    work();  // cuBLAS and cuDNN choose kernels and workspaces for this stream, with waiting
    c10::cuda::getCurrentCUDAStream().synchronize();
    begin();
    try {
      work();
    } catch (...) {
      end_quietly();
      throw;
    }
    graph_.capture_end();
  }

  void replay() override {
    const c10::cuda::CUDAGuard here(device_);
    graph_.replay();
  }

 private:
  // Other threads may go on allocating memory.
  void begin() {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
#else
    graph_.capture_begin();
#endif
  }

  // The stream must not stay in recording; what went wrong first is what counts.
  void end_quietly() {
    try {
      graph_.capture_end();
    } catch (const std::exception&) {
    }
  }

  at::Device device_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace

MakeRecording cuda_recorder(at::Device device) {
  if (!device.is_cuda()) return {};
  return [device] { return std::make_unique<CudaRecording>(device); };
}
#else
MakeRecording cuda_recorder(at::Device /*device*/) { return {}; }
#endif

}  // namespace riffle::nn
