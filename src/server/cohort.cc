// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/cohort.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "models/conditioning_parts.h"

namespace riffle::server {
namespace {

bool same_but_batch(const at::Tensor& a, const at::Tensor& b) {
  if (a.defined() != b.defined()) return false;
  return !a.defined() || (a.sizes().slice(1) == b.sizes().slice(1) && a.dtype() == b.dtype());
}

at::Tensor joined(std::span<const Prediction* const> predictions,
                  const std::function<at::Tensor(const Prediction&)>& part) {
  std::vector<at::Tensor> parts;
  for (const Prediction* prediction : predictions) parts.push_back(part(*prediction));
  return parts.front().defined() ? at::cat(parts) : at::Tensor();
}

}  // namespace

thread_local Cohort* Cohort::current_ = nullptr;

bool fit_together(const Prediction& a, const Prediction& b) {
  return a.denoiser == b.denoiser && a.noise_level == b.noise_level &&
         a.options.circular_time == b.options.circular_time && a.options.step_cache == nullptr &&
         b.options.step_cache == nullptr && same_but_batch(a.latents, b.latents) &&
         std::ranges::all_of(models::kConditioningParts, [&](auto part) {
           return same_but_batch(a.conditioning.*part, b.conditioning.*part);
         });
}

std::vector<at::Tensor> predict_together(std::span<const Prediction* const> predictions,
                                         const Predictor& predict) {
  const Prediction all{
      predictions.front()->denoiser,
      joined(predictions, [](const Prediction& p) { return p.latents; }),
      predictions.front()->noise_level, models::conditioning_of_parts([&](auto part) {
        return joined(predictions, [&](const Prediction& p) { return p.conditioning.*part; });
      }),
      predictions.front()->options};
  const at::Tensor result = predict(all, Job{});
  std::vector<at::Tensor> parts;
  int64_t first = 0;
  for (const Prediction* prediction : predictions) {
    const int64_t count = prediction->latents.size(0);
    parts.push_back(result.narrow(0, first, count));
    first += count;
  }
  return parts;
}

Cohort::Membership::Membership(Cohort& cohort) : cohort_(cohort) { current_ = &cohort; }

Cohort::Membership::~Membership() {
  current_ = nullptr;
  const std::lock_guard lock(cohort_.mutex_);
  --cohort_.members_;
  cohort_.changed_.notify_all();
}

at::Tensor Cohort::predict(const Prediction& prediction, const Predictor& predict, const Job& job) {
  std::unique_lock lock(mutex_);
  if (members_ <= 1) {
    lock.unlock();
    return predict(prediction, job);
  }
  Entry entry{&prediction};
  waiting_.push_back(&entry);
  changed_.notify_all();
  const auto complete = [&] { return static_cast<int>(waiting_.size()) >= members_; };
  while (!entry.done) {
    if (!entry.taken && complete()) {
      run_all(lock, predict);
      continue;
    }
    const auto ready = [&] { return entry.done || (!entry.taken && complete()); };
    if (entry.taken) {
      changed_.wait(lock, ready);
    } else if (!changed_.wait(lock, job.stop, ready) && !entry.taken) {
      std::erase(waiting_, &entry);
      lock.unlock();
      job.check();
    }
  }
  if (entry.failure) std::rethrow_exception(entry.failure);
  return entry.result;
}

void Cohort::run_all(std::unique_lock<std::mutex>& lock, const Predictor& predict) {
  std::vector<Entry*> left = std::exchange(waiting_, {});
  for (Entry* entry : left) entry->taken = true;
  lock.unlock();
  while (!left.empty()) {
    const Prediction& first = *left.front()->prediction;
    const auto rest = std::stable_partition(left.begin(), left.end(), [&](const Entry* entry) {
      return entry == left.front() || fit_together(*entry->prediction, first);
    });
    const std::vector<Entry*> group(left.begin(), rest);
    left.erase(left.begin(), rest);
    std::vector<const Prediction*> predictions;
    for (const Entry* entry : group) predictions.push_back(entry->prediction);
    std::vector<at::Tensor> results;
    std::exception_ptr failure;
    try {
      results = predict_together(predictions, predict);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    ++forwards_;
    predictions_ += static_cast<int64_t>(group.size());
    for (size_t i = 0; i < group.size(); ++i) {
      group[i]->failure = failure;
      if (!failure) group[i]->result = results[i];
      group[i]->done = true;
    }
    changed_.notify_all();
    lock.unlock();
  }
  lock.lock();
}

int64_t Cohort::forwards() const {
  const std::lock_guard lock(mutex_);
  return forwards_;
}

int64_t Cohort::predictions() const {
  const std::lock_guard lock(mutex_);
  return predictions_;
}

}  // namespace riffle::server
