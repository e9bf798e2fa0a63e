// SPDX-License-Identifier: GPL-3.0-or-later
// What is trained: which parameters, on which samples, to make which number small. The trainer
// (trainer.h) knows nothing else about it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "train/flat_parameters.h"

namespace riffle::train {

// Samples [first, first + count) of the run's endless sequence of samples.
struct Batch {
  int64_t first = 0;
  std::vector<uint64_t> seeds;                              // of each sample's own chance
  std::vector<std::pair<std::string, at::Tensor>> tensors;  // [count, ...], on the CPU at first

  int64_t count() const { return static_cast<int64_t>(seeds.size()); }
  // Throws Error{Internal} when there is none.
  const at::Tensor& at(std::string_view name) const;
  bool has(std::string_view name) const;
};

// How far the run is.
struct StepContext {
  int64_t step = 0;   // updates made before this one
  int64_t steps = 1;  // of the whole run
  double done() const { return static_cast<double>(step) / static_cast<double>(steps); }
};

using NamedNumbers = std::vector<std::pair<std::string, double>>;

struct Loss {
  at::Tensor total;  // a scalar to be made small; the mean over the batch
  std::vector<std::pair<std::string, at::Tensor>> parts;  // scalars without history, for the log
};

class Task {
 public:
  virtual ~Task() = default;

  virtual std::string name() const = 0;
  // What must stay the same for a run to be resumed, such as the model's configuration; and what
  // may change between sittings but is told then, such as the data there are.
  virtual Json settings() const = 0;
  virtual Json circumstances() const { return Json::object(); }
  // Asked for once, after the parameters were moved to the device.
  virtual std::vector<ParameterGroup> parameters() = 0;
  // Times a group's learning rate; 0: the group stands still.
  virtual double rate_factor(const std::string& /*group*/, const StepContext& /*at*/) const {
    return 1;
  }

  // A function of its arguments alone. Called from a thread of its own.
  virtual Batch make_batch(int64_t first, int64_t count) = 0;
  // batch: on the device. `at` and the batch decide all chance in it.
  virtual Loss loss(const Batch& batch, const StepContext& at, const Job& job) = 0;

  // Both see the weights' average. Figures over samples that are kept out of training; the first
  // is the one that tells whether the run is any good.
  virtual NamedNumbers validate(const Job& job) = 0;
  // Pictures and sounds that show how good it is by now, into a folder that exists.
  virtual void write_samples(const std::filesystem::path& folder, const Job& job) = 0;
  // The model as users load it, as far as it is.
  virtual void write_model(const std::filesystem::path& folder, const Job& job) = 0;

 protected:
  Task() = default;
  Task(const Task&) = default;
  Task& operator=(const Task&) = default;
};

}  // namespace riffle::train
