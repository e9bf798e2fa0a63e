// SPDX-License-Identifier: GPL-3.0-or-later
// The training loop: samples in, updates out; with a learning rate that follows a schedule, an
// average of the weights, checkpoints, a log, validation and samples. A run may be stopped, or
// killed, at any moment and goes on from its last checkpoint as though nothing had happened: on the
// CPU with the same threads, bit for bit.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/folder_lock.h"
#include "core/job.h"
#include "train/adamw.h"
#include "train/batch_queue.h"
#include "train/checkpoint.h"
#include "train/flat_parameters.h"
#include "train/learning_rate.h"
#include "train/log_file.h"
#include "train/precision.h"
#include "train/task.h"
#include "train/weight_average.h"

namespace riffle::train {

class ProcessGroup;

struct TrainerOptions {
  std::filesystem::path folder;  // of the run: checkpoints/, samples/, log.jsonl
  std::filesystem::path model;   // where the model is written to at every checkpoint; empty: not
  int64_t steps = 10000;         // of the whole run
  int64_t batch = 16;            // samples an update, over all machines, before accumulation
  int64_t accumulate = 1;        // batches an update
  uint64_t seed = 0;
  LearningRate rate{};
  WeightAverage average{};
  double clip_norm = 1;  // of all gradients together; 0: as they are
  Precision precision = Precision::Float32;
  at::Device device = at::kCPU;
  bool channels_last = false;
  bool restart = false;  // begin anew, though there are checkpoints

  double max_minutes = 0;  // of this sitting; 0: until the run is over
  double checkpoint_minutes = 10;
  int64_t log_every = 20;
  int64_t validate_every = 500;
  int64_t samples_every = 2000;
};

// What is told to whoever watches.
struct TrainReport {
  int64_t step = 0;
  int64_t steps = 0;
  double samples_per_s = 0;
  double eta_s = 0;
  double rate = 0;
  double gradient_norm = 0;
  NamedNumbers losses;      // the total first; means since the last report
  NamedNumbers validation;  // where this is a report of a validation
};

struct TrainResult {
  int64_t first_step = 0;  // where this sitting began
  int64_t step = 0;        // where it ended
  bool finished = false;   // the whole run is over
  double seconds = 0;      // of this sitting
  double samples_per_s = 0;
  NamedNumbers validation;  // the last one
};

class Trainer {
 public:
  // Moves the task's parameters into blocks of memory and takes up the run where its newest
  // checkpoint left it. Throws Error{InvalidArgument} when that run had other settings.
  Trainer(Task& task, TrainerOptions options, ProcessGroup* processes = nullptr);
  ~Trainer();

  // Goes on until the run is over, the sitting's time is up, or `job` is stopped; writes a
  // checkpoint in each case. Then throws Error{Cancelled} when it was stopped. `tell` may be empty.
  // Throws Error{Internal} when the loss stops being a number.
  TrainResult run(const Job& job, const std::function<void(const TrainReport&)>& tell = {});

  // Runs `body` while the parameters hold their average.
  void with_average(const std::function<void()>& body);

  int64_t step() const { return state_.step; }
  // What was done on the user's behalf, such as a run that was given more steps.
  const std::vector<std::string>& notes() const { return notes_; }
  const FlatParameters& parameters() const { return *parameters_; }

 private:
  struct Sitting;

  Json run_settings() const;
  Json run_circumstances() const;
  void resume();
  void share_state();
  Batch make_batch(int64_t n) const;
  bool update(Sitting& sitting, const Job& job);
  void accumulate_gradients(Sitting& sitting, const Job& job);
  bool apply_gradients(Sitting& sitting);
  void tell_losses(Sitting& sitting);
  NamedNumbers averaged(NamedNumbers numbers) const;
  void validate(Sitting& sitting, const Job& job);
  void write_samples(const Job& job);
  void write_checkpoint(Sitting& sitting, const Job& job);
  void after_update(Sitting& sitting, const Job& job);
  bool leads() const;  // of several processes the one that writes files

  Task& task_;
  TrainerOptions options_;
  ProcessGroup* processes_;
  CheckpointFolder checkpoints_;
  std::optional<FolderLock> lock_;  // of the one that writes files
  std::unique_ptr<FlatParameters> parameters_;
  std::unique_ptr<AdamW> optimiser_;
  std::unique_ptr<LogFile> log_;
  RunState state_;
  std::vector<std::string> notes_;
};

}  // namespace riffle::train
