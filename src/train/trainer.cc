// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/trainer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "train/process_group.h"

namespace riffle::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kMostBadUpdates = 10;  // in a row
constexpr double kFirstLossScale = 65536;
constexpr int kScaleGrowsAfter = 2000;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void make_folder(const fs::path& folder) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot make the folder {}: {}", folder.string(), ec.message()));
  }
}

// "batch 16 -> 32" for every field that differs.
std::vector<std::string> differences(const Json& before, const Json& now) {
  std::vector<std::string> found;
  for (const auto& change : Json::diff(before, now)) {
    const auto path = change.at("path").get<std::string>();
    const Json::json_pointer pointer(path);
    const auto text = [&](const Json& of) {
      return of.contains(pointer) ? of.at(pointer).dump() : "absent";
    };
    found.push_back(fmt::format("{} {} -> {}", path.substr(1), text(before), text(now)));
  }
  return found;
}

// Sums of what a step reports; on CUDA they stay there until somebody wants to know.
class Means {
 public:
  void add(const std::string& name, const at::Tensor& value) {
    for (auto& [known, sum, count] : sums_) {
      if (known != name) continue;
      sum += value;
      ++count;
      return;
    }
    sums_.emplace_back(name, value.to(at::kDouble).clone(), 1);
  }
  NamedNumbers take() {
    NamedNumbers means;
    for (auto& [name, sum, count] : sums_) {
      means.emplace_back(name, sum.item<double>() / static_cast<double>(count));
    }
    sums_.clear();
    return means;
  }

 private:
  std::vector<std::tuple<std::string, at::Tensor, int64_t>> sums_;
};

OrderedJson object_of(const NamedNumbers& numbers) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [name, value] : numbers) object[name] = value;
  return object;
}

}  // namespace

// What belongs to one sitting at a run and is not resumed.
struct Trainer::Sitting {
  Sitting(std::function<Batch(int64_t)> make, int64_t first_batch,
          const std::function<void(const TrainReport&)>& tell_to)
      : queue(std::move(make), first_batch), tell(tell_to) {}

  BatchQueue queue;
  const std::function<void(const TrainReport&)>& tell;
  Means means;
  TrainResult result;
  Clock::time_point start = Clock::now();
  Clock::time_point last_update = start;
  Clock::time_point last_checkpoint = start;
  double update_seconds = 0;  // without validation, samples and checkpoints
  double reported_seconds = 0;
  int64_t reported_step = 0;
  double gradient_norm = 0;
  double rate = 0;
  int bad_updates = 0;
  int good_updates = 0;
  bool stopped = false;
};

Trainer::Trainer(Task& task, TrainerOptions options, ProcessGroup* processes)
    : task_(task),
      options_(std::move(options)),
      processes_(processes),
      checkpoints_(options_.folder / "checkpoints") {
  const int64_t machines = processes_ == nullptr ? 1 : processes_->size();
  if (options_.steps < 1 || options_.accumulate < 1 || options_.batch < 1 ||
      options_.batch % machines != 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("training: {} steps of {} x {} samples over {} processes: expected at "
                            "least one each, and a batch that divides among the processes",
                            options_.steps, options_.accumulate, options_.batch, machines));
  }
  parameters_ = std::make_unique<FlatParameters>(task_.parameters(), options_.channels_last);
  optimiser_ = std::make_unique<AdamW>(*parameters_);
  state_.seed = options_.seed;
  state_.updates.assign(parameters_->groups().size(), 0);
  if (options_.precision == Precision::Float16) state_.loss_scale = kFirstLossScale;
  if (leads()) {
    make_folder(options_.folder);
    lock_.emplace(options_.folder, Error(ErrorCode::InvalidArgument,
                                         fmt::format("{}: another process is training here",
                                                     options_.folder.string()),
                                         "wait for it, or choose another folder"));
    if (options_.restart) {
      checkpoints_.clear();
    } else {
      resume();
    }
    log_ = std::make_unique<LogFile>(options_.folder / "log.jsonl", state_.step);
  }
  share_state();
}

Trainer::~Trainer() = default;

bool Trainer::leads() const { return processes_ == nullptr || processes_->rank() == 0; }

Json Trainer::run_settings() const {
  return {{"task", task_.name()},
          {"model", task_.settings()},
          {"batch", options_.batch},
          {"accumulate", options_.accumulate},
          {"seed", options_.seed}};
}

Json Trainer::run_circumstances() const {
  const LearningRate& rate = options_.rate;
  return {{"steps", options_.steps},
          {"learning_rate", rate.peak},
          {"warm_up_steps", rate.warm_up_steps},
          {"decay", rate.shape == LearningRate::Shape::Cosine ? 1 : rate.decay},
          {"clip_norm", options_.clip_norm},
          {"precision", name_of(options_.precision)},
          {"task", task_.circumstances()}};
}

void Trainer::resume() {
  const auto found = checkpoints_.newest();
  if (!found) return;
  const Json before = found->settings.value("fixed", Json::object());
  if (before != run_settings()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: the run there has other settings: {}", options_.folder.string(),
                            fmt::join(differences(before, run_settings()), ", ")),
                "give the same settings, another folder, or --restart to begin anew");
  }
  checkpoints_.load(*parameters_, *optimiser_);
  for (const auto& change :
       differences(found->settings.value("free", Json::object()), run_circumstances())) {
    notes_.push_back("differs from the last sitting: " + change);
  }
  state_ = *found;
  optimiser_->set_updates(state_.updates);
}

void Trainer::share_state() {
  if (processes_ == nullptr) return;
  std::vector<double> numbers{static_cast<double>(state_.step), state_.loss_scale};
  for (const int64_t count : state_.updates) numbers.push_back(static_cast<double>(count));
  at::Tensor shared = at::tensor(numbers, at::kDouble).to(options_.device);
  processes_->broadcast(shared);
  shared = shared.cpu();
  state_.step = static_cast<int64_t>(shared[0].item<double>());
  state_.loss_scale = shared[1].item<double>();
  for (size_t i = 0; i < state_.updates.size(); ++i) {
    state_.updates[i] = static_cast<int64_t>(shared[static_cast<int64_t>(i) + 2].item<double>());
  }
  optimiser_->set_updates(state_.updates);
  for (const at::Tensor& block : {parameters_->values(), optimiser_->first_moment(),
                                  optimiser_->second_moment(), optimiser_->average()}) {
    at::Tensor handle = block;
    processes_->broadcast(handle);
  }
}

Batch Trainer::make_batch(int64_t n) const {
  const int64_t machines = processes_ == nullptr ? 1 : processes_->size();
  const int64_t mine = options_.batch / machines;
  const int64_t rank = processes_ == nullptr ? 0 : processes_->rank();
  return task_.make_batch(n * options_.batch + rank * mine, mine);
}

TrainResult Trainer::run(const Job& job, const std::function<void(const TrainReport&)>& tell) {
  Sitting sitting([this](int64_t n) { return make_batch(n); }, state_.step * options_.accumulate,
                  tell);
  sitting.result.first_step = state_.step;
  sitting.reported_step = state_.step;
  while (state_.step < options_.steps && !sitting.stopped) {
    if (!update(sitting, job)) break;
    after_update(sitting, job);
  }
  TrainResult& result = sitting.result;
  result.step = state_.step;
  result.finished = state_.step >= options_.steps;
  result.seconds = seconds_since(sitting.start);
  const int64_t samples = (state_.step - result.first_step) * options_.batch * options_.accumulate;
  if (sitting.update_seconds > 0) {
    result.samples_per_s = static_cast<double>(samples) / sitting.update_seconds;
  }
  // Whatever comes now must not be stopped half way: it is what being stopped safely consists of.
  write_checkpoint(sitting, {});
  job.check();
  return result;
}

bool Trainer::update(Sitting& sitting, const Job& job) {
  const auto start = Clock::now();
  bool whole = true;
  try {
    accumulate_gradients(sitting, job);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::Cancelled || !job.stop.stop_requested()) throw;
    whole = false;
  }
  if (processes_ != nullptr) {
    // All of them stop as soon as one does.
    at::Tensor stop =
        at::full({1}, whole ? 0.0 : 1.0, at::TensorOptions(at::kFloat).device(options_.device));
    processes_->average(stop);
    whole = stop.item<float>() == 0;
    if (whole) {
      at::Tensor gradients = parameters_->gradients();
      processes_->average(gradients);
    }
  }
  if (!whole) return false;  // the weights are those of the last whole update
  if (!apply_gradients(sitting)) return true;
  sitting.update_seconds += seconds_since(start);
  return true;
}

void Trainer::accumulate_gradients(Sitting& sitting, const Job& job) {
  parameters_->gradients().zero_();
  const StepContext at{state_.step, options_.steps};
  for (int64_t i = 0; i < options_.accumulate; ++i) {
    job.check();
    Batch batch = sitting.queue.next();
    for (auto& [name, tensor] : batch.tensors) {
      tensor = tensor.to(options_.device, /*non_blocking=*/true);
    }
    Loss loss;
    {
      const AutocastScope autocast(options_.precision, options_.device);
      loss = task_.loss(batch, at, job);
    }
    const double share = 1.0 / static_cast<double>(options_.accumulate);
    (loss.total * (share * state_.loss_scale)).backward();
    sitting.means.add("loss", loss.total.detach());
    for (const auto& [name, value] : loss.parts) sitting.means.add(name, value.detach());
  }
}

// Whether they were applied: an update whose gradients are not numbers is left out.
bool Trainer::apply_gradients(Sitting& sitting) {
  const double norm = parameters_->gradients().norm().item<double>() / state_.loss_scale;
  const StepContext at{state_.step, options_.steps};
  ++state_.step;  // the samples are used up either way
  if (!std::isfinite(norm)) {
    sitting.good_updates = 0;
    if (options_.precision == Precision::Float16) state_.loss_scale /= 2;
    log::warn("step {}: the gradients are not finite: no update", at.step);
    if (++sitting.bad_updates > kMostBadUpdates) {
      throw Error(ErrorCode::Internal,
                  fmt::format("training: {} updates in a row had gradients that are not finite, "
                              "the last at step {}",
                              sitting.bad_updates, at.step),
                  "go on from the last checkpoint with a lower --learning-rate");
    }
    return false;
  }
  sitting.bad_updates = 0;
  sitting.gradient_norm = norm;
  sitting.rate = options_.rate.at(at.step, options_.steps);
  double scale = 1 / state_.loss_scale;
  if (options_.clip_norm > 0 && norm > options_.clip_norm) scale *= options_.clip_norm / norm;
  std::vector<double> rates;
  for (const ParameterGroup& group : parameters_->groups()) {
    rates.push_back(sitting.rate * group.rate * task_.rate_factor(group.name, at));
  }
  optimiser_->step(rates, scale, options_.average.keep(state_.step));
  state_.updates = optimiser_->updates();
  if (options_.precision == Precision::Float16 && ++sitting.good_updates >= kScaleGrowsAfter) {
    state_.loss_scale *= 2;
    sitting.good_updates = 0;
  }
  return true;
}

void Trainer::after_update(Sitting& sitting, const Job& job) {
  const int64_t step = state_.step;
  const bool last = step >= options_.steps;
  const auto due = [&](int64_t every) { return every > 0 && (step % every == 0 || last); };
  try {
    if (due(options_.log_every)) tell_losses(sitting);
    if (leads() && due(options_.validate_every)) validate(sitting, job);
    if (leads() && due(options_.samples_every)) write_samples(job);
    if (!last && seconds_since(sitting.last_checkpoint) >= 60 * options_.checkpoint_minutes) {
      write_checkpoint(sitting, job);
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::Cancelled) throw;
    sitting.stopped = true;
  }
  // The first process decides for all.
  const double minutes = seconds_since(sitting.start) / 60;
  if (processes_ == nullptr && options_.max_minutes > 0 && minutes >= options_.max_minutes) {
    sitting.stopped = true;
  }
  if (processes_ != nullptr) {
    const bool over = leads() && options_.max_minutes > 0 && minutes >= options_.max_minutes;
    at::Tensor stop = at::full({1}, over || sitting.stopped ? 1.0 : 0.0,
                               at::TensorOptions(at::kFloat).device(options_.device));
    processes_->average(stop);
    sitting.stopped = stop.item<float>() != 0;
  }
}

void Trainer::tell_losses(Sitting& sitting) {
  TrainReport report;
  report.step = state_.step;
  report.steps = options_.steps;
  report.rate = sitting.rate;
  report.gradient_norm = sitting.gradient_norm;
  report.losses = averaged(sitting.means.take());
  const double seconds = sitting.update_seconds - sitting.reported_seconds;
  const auto updates = static_cast<double>(state_.step - sitting.reported_step);
  if (seconds > 0 && updates > 0) {
    report.samples_per_s =
        updates * static_cast<double>(options_.batch * options_.accumulate) / seconds;
    report.eta_s = static_cast<double>(options_.steps - state_.step) * seconds / updates;
  }
  sitting.reported_seconds = sitting.update_seconds;
  sitting.reported_step = state_.step;
  if (log_) {
    OrderedJson line{{"step", report.step}};
    line.update(object_of(report.losses));
    line["learning_rate"] = report.rate;
    line["gradient_norm"] = report.gradient_norm;
    line["samples_per_s"] = report.samples_per_s;
    line["seconds"] = state_.seconds + seconds_since(sitting.start);
    line["waited_for_data_s"] = sitting.queue.waited_s();
    log_->write(line);
  }
  if (sitting.tell && leads()) sitting.tell(report);
}

// Each process has seen its share of the samples.
NamedNumbers Trainer::averaged(NamedNumbers numbers) const {
  if (processes_ == nullptr || numbers.empty()) return numbers;
  std::vector<double> values;
  for (const auto& [name, value] : numbers) values.push_back(value);
  at::Tensor shared = at::tensor(values, at::kDouble).to(options_.device);
  processes_->average(shared);
  shared = shared.cpu();
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i].second = shared[static_cast<int64_t>(i)].item<double>();
  }
  return numbers;
}

void Trainer::with_average(const std::function<void()>& body) {
  const at::NoGradGuard no_grad;
  const at::Tensor kept = parameters_->values().clone();
  at::Tensor values = parameters_->values();
  values.copy_(optimiser_->average());
  try {
    body();
  } catch (...) {
    values.copy_(kept);
    throw;
  }
  values.copy_(kept);
}

void Trainer::validate(Sitting& sitting, const Job& job) {
  TrainReport report;
  report.step = state_.step;
  report.steps = options_.steps;
  with_average([&] { report.validation = task_.validate(job); });
  sitting.result.validation = report.validation;
  if (report.validation.empty()) return;
  log_->write({{"step", report.step}, {"validation", object_of(report.validation)}});
  if (sitting.tell) sitting.tell(report);
}

void Trainer::write_samples(const Job& job) {
  const fs::path folder = options_.folder / "samples" / fmt::format("{:09}", state_.step);
  make_folder(folder);
  with_average([&] { task_.write_samples(folder, job); });
}

void Trainer::write_checkpoint(Sitting& sitting, const Job& job) {
  if (!leads()) return;
  RunState state = state_;
  state.seconds += seconds_since(sitting.start);
  state.settings = {{"fixed", run_settings()}, {"free", run_circumstances()}};
  checkpoints_.write(state, *parameters_, *optimiser_);
  sitting.last_checkpoint = Clock::now();
  if (options_.model.empty()) return;
  with_average([&] { task_.write_model(options_.model, job); });
}

}  // namespace riffle::train
