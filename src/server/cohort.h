// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs that run side by side, whose predictions of one step are made in one forward of the model.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "models/denoiser.h"

namespace riffle::server {

// What a Denoiser is asked.
struct Prediction {
  models::Denoiser* denoiser = nullptr;
  at::Tensor latents;
  double noise_level = 0;
  models::Conditioning conditioning;
  models::DenoiseOptions options;
};

using Predictor = std::function<at::Tensor(const Prediction& prediction, const Job& job)>;

// Whether two predictions may be made at once: by the same denoiser, same level, same shapes but
// for the batch, and no step cache, which belongs to one run.
bool fit_together(const Prediction& a, const Prediction& b);

// Each as it would be alone (a batch equals its items: models/denoiser.h).
std::vector<at::Tensor> predict_together(std::span<const Prediction* const> predictions,
                                         const Predictor& predict);

// Its members are threads that make runs of equally many steps. A prediction waits until every
// member has asked for one or has left; then those that fit are made together.
class Cohort {
 public:
  explicit Cohort(int members) : members_(members) {}

  // For one member's run: makes the cohort the current thread's, and leaves it at the end.
  class Membership {
   public:
    explicit Membership(Cohort& cohort);
    ~Membership();
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

   private:
    Cohort& cohort_;
  };
  // The current thread's; null for one that runs alone.
  static Cohort* current() { return current_; }

  // Throws Error{Cancelled} for a member that is stopped; the others go on.
  at::Tensor predict(const Prediction& prediction, const Predictor& predict, const Job& job);

  // Forwards that were made, and predictions that were made by them.
  int64_t forwards() const;
  int64_t predictions() const;

 private:
  struct Entry {
    const Prediction* prediction = nullptr;
    at::Tensor result = {};
    std::exception_ptr failure = {};
    bool taken = false;
    bool done = false;
  };
  void run_all(std::unique_lock<std::mutex>& lock, const Predictor& predict);

  static thread_local Cohort* current_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Entry*> waiting_;
  int members_;
  int64_t forwards_ = 0;
  int64_t predictions_ = 0;
};

}  // namespace riffle::server
