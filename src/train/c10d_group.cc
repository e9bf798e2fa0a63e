// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/c10d_group.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

#if defined(RIFFLE_GLOO) || defined(RIFFLE_NCCL)
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif
#ifdef RIFFLE_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#ifdef RIFFLE_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace riffle::train {
namespace {

constexpr std::chrono::minutes kPatience{10};

int number_in(const char* variable, int fallback, int low, int high) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return fallback;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0' || value < low || value > high) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("${}: expected {} to {}, got \"{}\"", variable, low, high, text));
  }
  return static_cast<int>(value);
}

#if defined(RIFFLE_GLOO) || defined(RIFFLE_NCCL)

// One of c10d's backends; they have no common base class over libtorch's versions.
template <class Backend>
class BackendGroup final : public ProcessGroup {
 public:
  BackendGroup(c10::intrusive_ptr<Backend> backend, const GroupAddress& address)
      : backend_(std::move(backend)), rank_(address.rank), size_(address.size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void average(at::Tensor& tensor) override {
    guarded([&] {
      std::vector<at::Tensor> tensors{tensor};
      backend_->allreduce(tensors)->wait();
    });
    tensor.div_(size_);
  }

  void broadcast(at::Tensor& tensor) override {
    guarded([&] {
      std::vector<at::Tensor> tensors{tensor};
      backend_->broadcast(tensors)->wait();
    });
  }

 private:
  void guarded(const std::function<void()>& body) const {
    try {
      body();
    } catch (const std::exception& e) {
      throw Error(ErrorCode::Io,
                  fmt::format("process {} of {}: the others cannot be reached: {}", rank_, size_,
                              std::string(e.what()).substr(0, 200)),
                  "one of them has ended; start all again: the run goes on from its checkpoint");
    }
  }

  c10::intrusive_ptr<Backend> backend_;
  int rank_;
  int size_;
};

c10::intrusive_ptr<c10d::Store> open_store(const GroupAddress& address) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(address.port);
  options.isServer = address.rank == 0;
  options.numWorkers = static_cast<std::size_t>(address.size);
  options.timeout = kPatience;
  return c10::make_intrusive<c10d::TCPStore>(address.host, options);
}

#endif

#ifdef RIFFLE_GLOO
std::unique_ptr<ProcessGroup> join_gloo(const GroupAddress& address) {
  const auto options = c10d::ProcessGroupGloo::Options::create(kPatience);
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  if (interface != nullptr && *interface != '\0') {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(interface));
  } else if (address.host == "localhost" || address.host.starts_with("127.")) {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address.host));
  } else {
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
  }
  return std::make_unique<BackendGroup<c10d::ProcessGroupGloo>>(
      c10::make_intrusive<c10d::ProcessGroupGloo>(open_store(address), address.rank, address.size,
                                                  options),
      address);
}
#endif

#ifdef RIFFLE_NCCL
std::unique_ptr<ProcessGroup> join_nccl(const GroupAddress& address) {
  return std::make_unique<BackendGroup<c10d::ProcessGroupNCCL>>(
      c10::make_intrusive<c10d::ProcessGroupNCCL>(open_store(address), address.rank, address.size),
      address);
}
#endif

}  // namespace

GroupAddress group_from_environment() {
  GroupAddress address;
  address.size = number_in("WORLD_SIZE", 1, 1, 4096);
  address.rank = number_in("RANK", 0, 0, address.size - 1);
  address.port = number_in("MASTER_PORT", address.port, 1, 65535);
  if (const char* host = std::getenv("MASTER_ADDR"); host != nullptr && *host != '\0') {
    address.host = host;
  }
  return address;
}

std::unique_ptr<ProcessGroup> join_group(const GroupAddress& address,
                                         [[maybe_unused]] at::Device device) {
  if (address.size == 1) return nullptr;
#if defined(RIFFLE_GLOO) || defined(RIFFLE_NCCL)
  try {
#ifdef RIFFLE_NCCL
    if (device.is_cuda()) return join_nccl(address);
#endif
#ifdef RIFFLE_GLOO
    if (device.is_cpu()) return join_gloo(address);
#endif
  } catch (const std::exception& e) {
    throw Error(
        ErrorCode::Io,
        fmt::format("process {} of {}: cannot join the others at {}:{}: {}", address.rank,
                    address.size, address.host, address.port, std::string(e.what()).substr(0, 200)),
        "is MASTER_ADDR right, and the port free on it?");
  }
#endif
  throw Error(ErrorCode::Unsupported,
              fmt::format("{} processes on {}: this build has no c10d backend for it", address.size,
                          device.str()),
              "build with Gloo's headers (Debian: libgloo-dev) for the CPU, with NCCL's for CUDA");
}

}  // namespace riffle::train
