// SPDX-License-Identifier: GPL-3.0-or-later
#include "library/job_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "library/detail/sqlite.h"

namespace riffle::library {
namespace {

using detail::Statement;

constexpr std::array<std::string_view, 5> kStates = {"queued", "running", "done", "failed",
                                                     "cancelled"};
constexpr const char* kColumns =
    "id, pipeline, state, created_ms, started_ms, finished_ms, request, options, error, restarts";

JobState state_of(const std::string& name) {
  const auto* found = std::ranges::find(kStates, name);
  if (found == kStates.end()) {
    throw Error(ErrorCode::BadFile, "library: a job in the state \"" + name + "\"");
  }
  return static_cast<JobState>(found - kStates.begin());
}

std::optional<std::string> text_of(const OrderedJson& json) {
  return json.is_null() ? std::nullopt : std::optional(json.dump());
}

JobRecord read(const Statement& row) {
  JobRecord job;
  job.id = row.text(0);
  job.pipeline = row.text(1);
  job.state = state_of(row.text(2));
  job.created_ms = row.integer(3);
  job.started_ms = row.maybe_integer(4);
  job.finished_ms = row.maybe_integer(5);
  job.request = OrderedJson::parse(row.text(6));
  job.options = OrderedJson::parse(row.text(7));
  if (!row.is_null(8)) job.error = OrderedJson::parse(row.text(8));
  job.restarts = row.integer(9);
  return job;
}

std::vector<JobRecord> read_all(Statement& rows) {
  std::vector<JobRecord> jobs;
  while (rows.step()) jobs.push_back(read(rows));
  return jobs;
}

}  // namespace

std::string_view name_of(JobState state) { return kStates.at(static_cast<size_t>(state)); }

void JobStore::add(const JobRecord& job) {
  const auto lock = database_.lock();
  database_
      .prepare(fmt::format("INSERT INTO jobs ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns))
      .bind(job.id)
      .bind(job.pipeline)
      .bind(name_of(job.state))
      .bind(job.created_ms)
      .bind(job.started_ms)
      .bind(job.finished_ms)
      .bind(job.request.dump())
      .bind(job.options.dump())
      .bind(text_of(job.error))
      .bind(job.restarts)
      .run();
}

void JobStore::update(const JobRecord& job) {
  const auto lock = database_.lock();
  database_
      .prepare(
          "UPDATE jobs SET state = ?, started_ms = ?, finished_ms = ?, error = ?, restarts = "
          "? WHERE id = ?")
      .bind(name_of(job.state))
      .bind(job.started_ms)
      .bind(job.finished_ms)
      .bind(text_of(job.error))
      .bind(job.restarts)
      .bind(job.id)
      .run();
}

std::optional<JobRecord> JobStore::find(const std::string& id) const {
  const auto lock = database_.lock();
  Statement query = database_.prepare(fmt::format("SELECT {} FROM jobs WHERE id = ?", kColumns));
  query.bind(id);
  if (!query.step()) return {};
  return read(query);
}

std::vector<JobRecord> JobStore::list(const std::vector<JobState>& states, int64_t limit) const {
  const auto lock = database_.lock();
  std::string filter = states.empty() ? "1" : "state IN (";
  for (size_t i = 0; i < states.size(); ++i) {
    filter += fmt::format("{}'{}'", i == 0 ? "" : ", ", name_of(states[i]));
  }
  if (!states.empty()) filter += ')';
  Statement query = database_.prepare(
      fmt::format("SELECT {} FROM jobs WHERE {} ORDER BY number DESC LIMIT ?", kColumns, filter));
  query.bind(limit);
  return read_all(query);
}

std::vector<JobRecord> JobStore::unfinished() const {
  const auto lock = database_.lock();
  Statement query = database_.prepare(fmt::format(
      "SELECT {} FROM jobs WHERE state IN ('queued', 'running') ORDER BY number", kColumns));
  return read_all(query);
}

void JobStore::prune(int64_t keep) {
  const auto lock = database_.lock();
  database_
      .prepare(
          "DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND number NOT IN "
          "(SELECT number FROM jobs WHERE state IN ('done', 'failed', 'cancelled') ORDER BY "
          "number DESC LIMIT ?)")
      .bind(keep)
      .run();
}

}  // namespace riffle::library
