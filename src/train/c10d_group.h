// SPDX-License-Identifier: GPL-3.0-or-later
// Several processes by libtorch's own c10d: Gloo between CPUs, NCCL between CUDA devices.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "train/process_group.h"

namespace riffle::train {

struct GroupAddress {
  int rank = 0;
  int size = 1;
  std::string host = "127.0.0.1";  // of the process with rank 0
  int port = 29500;
};

// What RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say, as torchrun sets them. Throws
// Error{InvalidArgument} for values that make no sense.
GroupAddress group_from_environment();

// Waits until all have come. Null for a size of 1. GLOO_SOCKET_IFNAME names the network interface
// where the host's name does not lead to the right one. Throws Error{Unsupported} when this build
// has no c10d backend for the device, Error{Io} when the others cannot be reached.
std::unique_ptr<ProcessGroup> join_group(const GroupAddress& address, at::Device device);

}  // namespace riffle::train
