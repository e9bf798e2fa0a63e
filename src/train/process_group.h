// SPDX-License-Identifier: GPL-3.0-or-later
// The seam between the trainer and the other processes of a run.
#pragma once

#include <ATen/core/Tensor.h>

namespace riffle::train {

// Every process calls the same functions in the same order.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  // The mean over all processes, in place. Throws Error{Io} when one of them is gone.
  virtual void average(at::Tensor& tensor) = 0;
  // Of the process with rank 0, to all others, in place.
  virtual void broadcast(at::Tensor& tensor) = 0;

 protected:
  ProcessGroup() = default;
  ProcessGroup(const ProcessGroup&) = default;
  ProcessGroup& operator=(const ProcessGroup&) = default;
};

}  // namespace riffle::train
