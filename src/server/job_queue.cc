// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/job_queue.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.h"
#include "library/ids.h"
#include "server/clip_json.h"
#include "server/cohort.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

using library::JobRecord;
using library::JobState;

constexpr size_t kFinishedKept = 200;  // in memory

std::shared_ptr<const std::string> line_of(const OrderedJson& data) {
  return std::make_shared<const std::string>(
      data.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace

JobQueue::JobQueue(library::Library& library, Metrics& metrics, std::shared_ptr<EventLog> all,
                   JobQueueOptions options, JobRunner runner, BatchKey key)
    : library_(library),
      metrics_(metrics),
      all_(std::move(all)),
      options_(options),
      runner_(std::move(runner)),
      key_(std::move(key)) {
  metrics_.describe("riffle_jobs_total", "Jobs that are over, by state");
  for (const JobState state : {JobState::Done, JobState::Failed, JobState::Cancelled}) {
    metrics_.add("riffle_jobs_total", fmt::format("state=\"{}\"", name_of(state)), 0);
  }
}

JobQueue::~JobQueue() { stop(); }

void JobQueue::start() {
  for (JobRecord& record : library_.jobs().unfinished()) {
    if (record.state == JobState::Running) {
      record.state = JobState::Queued;
      record.started_ms.reset();
      ++record.restarts;
      library_.jobs().update(record);
    }
    log::info("job {} of an earlier run is queued again", record.id);
    const auto job = std::make_shared<ServerJob>(record);
    known_.emplace(record.id, job);
    waiting_.push_back(job);
  }
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
}

void JobQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [id, job] : known_) {
      if (job->record().state == JobState::Running) job->stop().request_stop();
    }
    has_work_.notify_all();
  }
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

JobPtr JobQueue::submit(JobRecord record) {
  record.id = library::new_id("job_");
  record.created_ms = library::now_ms();
  record.state = JobState::Queued;
  const auto job = std::make_shared<ServerJob>(record);
  {
    const std::lock_guard lock(mutex_);
    if (static_cast<int64_t>(waiting_.size()) >= options_.queue) {
      throw ProblemError({.status = 429,
                          .code = "queue_full",
                          .detail = fmt::format("{} jobs wait already", waiting_.size()),
                          .hint = "wait for one to finish, or cancel one",
                          .retry_after_s = 5});
    }
    library_.jobs().add(record);
    known_.emplace(record.id, job);
    waiting_.push_back(job);
    has_work_.notify_one();
  }
  publish_state(*job);
  return job;
}

JobPtr JobQueue::find(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(id);
    if (found != known_.end()) return found->second;
  }
  if (!library::is_id(id, "job_")) return nullptr;
  const auto record = library_.jobs().find(id);
  if (!record) return nullptr;
  auto job = std::make_shared<ServerJob>(*record);
  job->set_record(*record);
  job->events()->close();
  return job;
}

void JobQueue::cancel(const JobPtr& job) {
  job->stop().request_stop();
  bool waited = false;
  {
    const std::lock_guard lock(mutex_);
    waited = std::erase(waiting_, job) > 0;
  }
  if (waited) finish(*job, JobState::Cancelled, nullptr);
}

bool JobQueue::wait(const JobPtr& job, std::chrono::milliseconds longest) const {
  std::unique_lock lock(mutex_);
  return over_.wait_for(lock, longest, [&] { return is_over(job->record().state); });
}

std::vector<JobPtr> JobQueue::list(const std::vector<JobState>& states, int64_t limit) {
  std::vector<JobPtr> jobs;
  for (const JobRecord& record : library_.jobs().list(states, limit)) {
    if (JobPtr job = find(record.id)) jobs.push_back(std::move(job));
  }
  return jobs;
}

int64_t JobQueue::queued() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(waiting_.size());
}

int64_t JobQueue::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

int64_t JobQueue::position_of(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(waiting_, id, [](const JobPtr& job) { return job->id(); });
  return found == waiting_.end() ? 0 : found - waiting_.begin() + 1;
}

std::vector<JobPtr> JobQueue::take() {
  std::unique_lock lock(mutex_);
  has_work_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
  if (stopping_) return {};
  std::vector<JobPtr> jobs = {waiting_.front()};
  waiting_.pop_front();
  const std::string key = key_(jobs.front()->record());
  for (auto it = waiting_.begin();
       !key.empty() && it != waiting_.end() && static_cast<int>(jobs.size()) < options_.batch;) {
    if (key_((*it)->record()) != key) {
      ++it;
      continue;
    }
    jobs.push_back(*it);
    it = waiting_.erase(it);
  }
  running_ += static_cast<int64_t>(jobs.size());
  return jobs;
}

void JobQueue::work() {
  for (std::vector<JobPtr> jobs = take(); !jobs.empty(); jobs = take()) {
    std::vector<JobPtr> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.assign(waiting_.begin(), waiting_.end());
    }
    publish_positions(waiting);
    run_all(jobs);
  }
}

void JobQueue::run_all(const std::vector<JobPtr>& jobs) {
  if (jobs.size() == 1) return run_one(*jobs.front());
  log::debug("{} jobs are made side by side", jobs.size());
  Cohort cohort(static_cast<int>(jobs.size()));
  std::vector<std::thread> threads;
  for (const JobPtr& job : jobs) {
    threads.emplace_back([this, job, &cohort] {
      const Cohort::Membership membership(cohort);
      run_one(*job);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void JobQueue::run_one(ServerJob& job) {
  JobState state = JobState::Done;
  OrderedJson error = nullptr;
  try {
    JobRecord record = job.record();
    record.state = JobState::Running;
    record.started_ms = library::now_ms();
    library_.jobs().update(record);
    job.set_record(record);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) job.stop().request_stop();
    }
    publish_state(job);
    Job{job.stop().get_token(), {}}.check();
    runner_(job);
  } catch (...) {
    const Problem problem = problem_from(std::current_exception());
    state = problem.code == "cancelled" ? JobState::Cancelled : JobState::Failed;
    if (state == JobState::Failed) {
      error = to_json(problem);
      log::error("job {}: {}", job.id(), problem.detail);
    }
  }
  bool left_for_later = false;
  {
    const std::lock_guard lock(mutex_);
    --running_;
    left_for_later = stopping_ && state == JobState::Cancelled;
  }
  // A job that was stopped with the server stays "running" in the library: it begins again.
  if (left_for_later) {
    job.events()->close();
    return;
  }
  finish(job, state, error);
}

void JobQueue::finish(ServerJob& job, JobState state, const OrderedJson& error) {
  JobRecord record = job.record();
  record.state = state;
  record.finished_ms = library::now_ms();
  record.error = error;
  try {
    library_.jobs().update(record);
  } catch (const Error& failure) {
    log::error("job {}: its end could not be written down: {}", job.id(), failure.message());
  }
  {
    const std::lock_guard lock(mutex_);
    job.set_record(record);
    over_.notify_all();
  }
  metrics_.add("riffle_jobs_total", fmt::format("state=\"{}\"", name_of(state)));
  publish(job, "end", {{"job", json_of(job)}});
  job.events()->close();
  const std::lock_guard lock(mutex_);
  finished_.push_back(job.id());
  forget_old();
}

void JobQueue::forget_old() {
  while (finished_.size() > kFinishedKept) {
    known_.erase(finished_.front());
    finished_.pop_front();
  }
}

void JobQueue::publish(const ServerJob& job, std::string_view name, const OrderedJson& data) const {
  const auto line = line_of(data);
  job.events()->add(name, line);
  all_->add(name, line);
}

void JobQueue::publish_state(const ServerJob& job) const {
  publish(job, "state", {{"job", json_of(job)}});
}

void JobQueue::publish_positions(const std::vector<JobPtr>& waiting) const {
  for (const JobPtr& job : waiting) publish_state(*job);
}

OrderedJson JobQueue::json_of(const ServerJob& job) const {
  const JobRecord record = job.record();
  OrderedJson clips = OrderedJson::array();
  for (const auto& clip : library_.clips().of_job(record.id)) clips.push_back(clip_json(clip));
  const std::string url = job.url();
  OrderedJson segments = OrderedJson::array();
  if (const auto store = job.segments()) {
    for (const Segment& segment : store->list()) {
      segments.push_back(to_json(segment, url + "/segments"));
    }
  }
  const PreviewPicture preview = job.preview();
  const bool streams = job.streams();
  return {{"id", record.id},
          {"pipeline", record.pipeline},
          {"state", name_of(record.state)},
          {"position", position_of(record.id)},
          {"created_at", library::time_text(record.created_ms)},
          {"started_at", time_or_null(record.started_ms)},
          {"finished_at", time_or_null(record.finished_ms)},
          {"progress", to_json(job.progress())},
          {"request", record.request},
          {"stream", streams},
          {"clips", std::move(clips)},
          {"segments", std::move(segments)},
          {"real_time_factor", or_null(job.real_time_factor())},
          {"preview_url", preview.png == nullptr ? OrderedJson(nullptr)
                                                 : OrderedJson(fmt::format("{}/preview.png?step={}",
                                                                           url, preview.step))},
          {"error", record.error},
          {"title", record.options.value("title", "")},
          {"tags", record.options.value("tags", OrderedJson::array())},
          {"restarts", record.restarts},
          {"url", url},
          {"events_url", url + "/events"},
          {"stream_url", streams ? OrderedJson(url + "/stream.mp3") : OrderedJson(nullptr)}};
}

}  // namespace riffle::server
