// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs waiting for their turn, running, and for a while after they are over. Those that are not
// over outlive the process: they are in the library, and begin again where it starts again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "library/library.h"
#include "server/metrics.h"
#include "server/server_job.h"

namespace riffle::server {

struct JobQueueOptions {
  int workers = 1;
  int batch = 4;       // jobs made side by side by one worker, where they fit
  int64_t queue = 64;  // waiting at most
};

// Does the work of a job: throws what goes wrong.
using JobRunner = std::function<void(ServerJob& job)>;
// Jobs with the same key, not empty, may be made side by side in one forward.
using BatchKey = std::function<std::string(const library::JobRecord& record)>;

class JobQueue {
 public:
  // all: the log of everything that happens, to which the jobs' own events go too.
  JobQueue(library::Library& library, Metrics& metrics, std::shared_ptr<EventLog> all,
           JobQueueOptions options, JobRunner runner, BatchKey key);
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // Takes up what an earlier process left, then works.
  void start();
  // Running jobs are stopped and wait for the next process.
  void stop();

  // Throws ProblemError{429} where too many wait.
  JobPtr submit(library::JobRecord record);
  // One that is over and long forgotten comes from the library; null: there is none.
  JobPtr find(const std::string& id);
  // Stops it within one step of its work; one that is over stays as it is.
  void cancel(const JobPtr& job);
  // Waits until it is over, at most so long; whether it is.
  bool wait(const JobPtr& job, std::chrono::milliseconds longest) const;

  // Newest first.
  std::vector<JobPtr> list(const std::vector<library::JobState>& states, int64_t limit);
  int64_t queued() const;
  int64_t running() const;

  OrderedJson json_of(const ServerJob& job) const;
  // To the followers of the job, and to those of everything.
  void publish(const ServerJob& job, std::string_view name, const OrderedJson& data) const;

 private:
  void work();
  std::vector<JobPtr> take();
  void run_all(const std::vector<JobPtr>& jobs);
  void run_one(ServerJob& job);
  void finish(ServerJob& job, library::JobState state, const OrderedJson& error);
  void publish_state(const ServerJob& job) const;
  void publish_positions(const std::vector<JobPtr>& waiting) const;
  void forget_old();
  int64_t position_of(const std::string& id) const;  // from 1; 0: does not wait

  library::Library& library_;
  Metrics& metrics_;
  std::shared_ptr<EventLog> all_;
  JobQueueOptions options_;
  JobRunner runner_;
  BatchKey key_;

  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  mutable std::condition_variable over_;
  std::deque<JobPtr> waiting_;
  std::map<std::string, JobPtr> known_;
  std::deque<std::string> finished_;  // oldest first
  int64_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace riffle::server
