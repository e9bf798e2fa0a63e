// SPDX-License-Identifier: GPL-3.0-or-later
#include "library/detail/migrations.h"

#include <fmt/format.h>

#include "core/error.h"

namespace riffle::library::detail {
namespace {

constexpr const char* kSteps[] = {
    R"(
CREATE TABLE clips (
  id TEXT PRIMARY KEY,
  created_ms INTEGER NOT NULL,
  title TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt TEXT NOT NULL,
  seed INTEGER,
  frames INTEGER NOT NULL,
  sample_rate INTEGER NOT NULL,
  channels INTEGER NOT NULL,
  loudness_lufs REAL NOT NULL,
  bpm REAL,
  beats INTEGER NOT NULL,
  beats_per_bar INTEGER NOT NULL,
  loop INTEGER NOT NULL,
  rating INTEGER NOT NULL DEFAULT 0,
  notes TEXT NOT NULL,
  request TEXT NOT NULL,
  job TEXT,
  has_picture INTEGER NOT NULL,
  has_latents INTEGER NOT NULL
) STRICT;
CREATE INDEX clips_by_time ON clips (created_ms);
CREATE INDEX clips_by_job ON clips (job);
CREATE TABLE clip_tags (
  clip TEXT NOT NULL REFERENCES clips (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (clip, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX clip_tags_by_tag ON clip_tags (tag);
CREATE TABLE clip_parents (
  clip TEXT NOT NULL REFERENCES clips (id) ON DELETE CASCADE,
  parent TEXT NOT NULL,
  PRIMARY KEY (clip, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX clip_parents_by_parent ON clip_parents (parent);
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  pipeline TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  started_ms INTEGER,
  finished_ms INTEGER,
  request TEXT NOT NULL,
  options TEXT NOT NULL,
  error TEXT,
  restarts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state);
CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  created_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  file TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  duration_s REAL,
  sample_rate INTEGER,
  channels INTEGER,
  width INTEGER,
  height INTEGER,
  request TEXT
) STRICT;
)",
    R"(
ALTER TABLE clips ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE clips ADD COLUMN part TEXT NOT NULL DEFAULT '';
ALTER TABLE clips ADD COLUMN part_of TEXT;
)"};

}  // namespace

std::span<const char* const> migration_steps() { return kSteps; }

void migrate(Database& database, std::span<const char* const> steps) {
  const auto lock = database.lock();
  Statement query = database.prepare("PRAGMA user_version");
  query.step();
  const int64_t version = query.integer(0);
  query.run();
  const auto newest = static_cast<int64_t>(steps.size());
  if (version > newest) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("library: the database is of version {}, this program knows {}",
                            version, newest),
                "a newer riffle has used it: use that one, or another folder (--library)");
  }
  if (version == newest) return;
  Transaction transaction(database);
  for (int64_t i = version; i < newest; ++i) database.run(steps[static_cast<size_t>(i)]);
  database.run(fmt::format("PRAGMA user_version = {}", newest));
  transaction.commit();
}

}  // namespace riffle::library::detail
