// SPDX-License-Identifier: GPL-3.0-or-later
#include "library/clip_store.h"

#include <fmt/format.h>

#include <sstream>

#include "core/error.h"
#include "library/detail/sqlite.h"
#include "library/ids.h"

namespace riffle::library {
namespace {

namespace fs = std::filesystem;
using detail::Statement;

constexpr const char* kColumns =
    "c.id, c.created_ms, c.title, c.pipeline, c.model, c.prompt, c.seed, c.frames, c.sample_rate, "
    "c.channels, c.loudness_lufs, c.bpm, c.beats, c.beats_per_bar, c.loop, c.rating, c.notes, "
    "c.request, c.job, c.has_picture, c.has_latents, c.role, c.part, c.part_of";

// A word as it stands in LIKE '%word%' ESCAPE '\'.
std::string pattern_of(const std::string& word) {
  std::string pattern = "%";
  for (const char c : word) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

struct Filter {
  std::string sql = "1";
  std::vector<std::string> texts;

  void add(const std::string& condition, const std::string& text, int times = 1) {
    sql += " AND " + condition;
    texts.insert(texts.end(), static_cast<size_t>(times), text);
  }
};

Filter filter_of(const ClipQuery& query) {
  Filter filter;
  std::istringstream words(query.words);
  for (std::string word; words >> word;) {
    filter.add(R"((c.title LIKE ? ESCAPE '\' OR c.prompt LIKE ? ESCAPE '\' OR EXISTS )"
               R"((SELECT 1 FROM clip_tags t WHERE t.clip = c.id AND t.tag LIKE ? ESCAPE '\')))",
               pattern_of(word), 3);
  }
  if (!query.tag.empty()) {
    filter.add("EXISTS (SELECT 1 FROM clip_tags t WHERE t.clip = c.id AND t.tag = ?)", query.tag);
  }
  if (!query.pipeline.empty()) filter.add("c.pipeline = ?", query.pipeline);
  if (!query.job.empty()) filter.add("c.job = ?", query.job);
  if (!query.parent.empty()) {
    filter.add("EXISTS (SELECT 1 FROM clip_parents p WHERE p.clip = c.id AND p.parent = ?)",
               query.parent);
  }
  if (query.rating_min > 0) filter.sql += fmt::format(" AND c.rating >= {}", query.rating_min);
  return filter;
}

const char* order_of(ClipOrder order) {
  switch (order) {
    case ClipOrder::Oldest:
      return "c.created_ms, c.rowid";
    case ClipOrder::Rating:
      return "c.rating DESC, c.created_ms DESC, c.rowid DESC";
    case ClipOrder::Title:
      return "c.title COLLATE NOCASE, c.created_ms DESC, c.rowid DESC";
    case ClipOrder::Newest:
      break;
  }
  return "c.created_ms DESC, c.rowid DESC";
}

void write_tags(detail::Database& database, const std::string& id,
                const std::vector<std::string>& tags) {
  database.prepare("DELETE FROM clip_tags WHERE clip = ?").bind(id).run();
  for (const std::string& tag : tags) {
    database.prepare("INSERT OR IGNORE INTO clip_tags VALUES (?, ?)").bind(id).bind(tag).run();
  }
}

std::vector<std::string> texts_of(Statement query) {
  std::vector<std::string> texts;
  while (query.step()) texts.push_back(query.text(0));
  return texts;
}

}  // namespace

ClipStore::ClipStore(detail::Database& database, fs::path folder)
    : database_(database), folder_(std::move(folder)) {
  fs::create_directories(folder_);
}

fs::path ClipStore::make_folder(const std::string& id) const {
  std::error_code error;
  fs::create_directories(folder_of(id), error);
  if (error) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot make {}: {}", folder_of(id).string(), error.message()),
                "check the folder's permissions and free space");
  }
  return folder_of(id);
}

void ClipStore::add_all(std::span<const ClipRecord> clips) {
  const auto lock = database_.lock();
  detail::Transaction transaction(database_);
  for (const ClipRecord& clip : clips) insert(clip);
  transaction.commit();
}

void ClipStore::insert(const ClipRecord& clip) {
  database_
      .prepare(
          "INSERT INTO clips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "?, ?, ?, ?, ?)")
      .bind(clip.id)
      .bind(clip.created_ms)
      .bind(clip.title)
      .bind(clip.pipeline)
      .bind(clip.model)
      .bind(clip.prompt)
      .bind(clip.seed)
      .bind(clip.frames)
      .bind(clip.sample_rate)
      .bind(clip.channels)
      .bind(clip.loudness_lufs)
      .bind(clip.bpm)
      .bind(clip.beats)
      .bind(clip.beats_per_bar)
      .bind(int64_t{clip.loop})
      .bind(clip.rating)
      .bind(Json(clip.notes).dump())
      .bind(clip.request.dump())
      .bind(clip.job)
      .bind(int64_t{clip.has_picture})
      .bind(int64_t{clip.has_latents})
      .bind(clip.role)
      .bind(clip.part)
      .bind(clip.part_of)
      .run();
  write_tags(database_, clip.id, clip.tags);
  for (const std::string& parent : clip.parents) {
    database_.prepare("INSERT OR IGNORE INTO clip_parents VALUES (?, ?)")
        .bind(clip.id)
        .bind(parent)
        .run();
  }
}

ClipRecord ClipStore::read(const Statement& row) const {
  ClipRecord clip;
  clip.id = row.text(0);
  clip.created_ms = row.integer(1);
  clip.title = row.text(2);
  clip.pipeline = row.text(3);
  clip.model = row.text(4);
  clip.prompt = row.text(5);
  clip.seed = row.maybe_integer(6);
  clip.frames = row.integer(7);
  clip.sample_rate = row.integer(8);
  clip.channels = row.integer(9);
  clip.loudness_lufs = row.number(10);
  clip.bpm = row.maybe_number(11);
  clip.beats = row.integer(12);
  clip.beats_per_bar = row.integer(13);
  clip.loop = row.integer(14) != 0;
  clip.rating = row.integer(15);
  clip.notes = Json::parse(row.text(16)).get<std::vector<std::string>>();
  clip.request = OrderedJson::parse(row.text(17));
  clip.job = row.maybe_text(18);
  clip.has_picture = row.integer(19) != 0;
  clip.has_latents = row.integer(20) != 0;
  clip.role = row.text(21);
  clip.part = row.text(22);
  clip.part_of = row.maybe_text(23);
  clip.tags = texts_of(std::move(
      database_.prepare("SELECT tag FROM clip_tags WHERE clip = ? ORDER BY tag").bind(clip.id)));
  clip.parents = texts_of(
      std::move(database_.prepare("SELECT parent FROM clip_parents WHERE clip = ?").bind(clip.id)));
  return clip;
}

std::optional<ClipRecord> ClipStore::find(const std::string& id) const {
  const auto lock = database_.lock();
  Statement query =
      database_.prepare(fmt::format("SELECT {} FROM clips c WHERE c.id = ?", kColumns));
  query.bind(id);
  if (!query.step()) return {};
  return read(query);
}

ClipPage ClipStore::search(const ClipQuery& query) const {
  const auto lock = database_.lock();
  const Filter filter = filter_of(query);
  const auto bound = [&](const std::string& sql) {
    Statement statement = database_.prepare(sql);
    for (const std::string& text : filter.texts) statement.bind(text);
    return statement;
  };
  ClipPage page;
  Statement total = bound("SELECT count(*) FROM clips c WHERE " + filter.sql);
  total.step();
  page.total = total.integer(0);
  Statement rows = bound(fmt::format("SELECT {} FROM clips c WHERE {} ORDER BY {} LIMIT ? OFFSET ?",
                                     kColumns, filter.sql, order_of(query.order)));
  rows.bind(query.limit).bind(query.offset);
  while (rows.step()) page.clips.push_back(read(rows));
  return page;
}

std::vector<ClipRecord> ClipStore::of_job(const std::string& job) const {
  return search({.job = job, .order = ClipOrder::Oldest, .limit = -1}).clips;
}

bool ClipStore::change(const std::string& id, const ClipChange& change) {
  const auto lock = database_.lock();
  detail::Transaction transaction(database_);
  database_
      .prepare(
          "UPDATE clips SET title = coalesce(?, title), rating = coalesce(?, rating) WHERE id "
          "= ?")
      .bind(change.title)
      .bind(change.rating)
      .bind(id)
      .run();
  if (database_.changes() == 0) return false;
  if (change.tags) write_tags(database_, id, *change.tags);
  transaction.commit();
  return true;
}

bool ClipStore::remove(const std::string& id) {
  {
    const auto lock = database_.lock();
    database_.prepare("DELETE FROM clips WHERE id = ?").bind(id).run();
    if (database_.changes() == 0) return false;
  }
  // What cannot be removed now is swept at the next start.
  std::error_code ignored;
  fs::remove_all(folder_of(id), ignored);
  return true;
}

std::vector<ClipRecord> ClipStore::kin(const std::string& id, const char* sql,
                                       int64_t limit) const {
  const auto lock = database_.lock();
  Statement query = database_.prepare(sql);
  query.bind(id).bind(limit);
  std::vector<ClipRecord> clips;
  while (query.step()) {
    if (auto clip = find(query.text(0))) clips.push_back(std::move(*clip));
  }
  return clips;
}

std::vector<ClipRecord> ClipStore::ancestors(const std::string& id, int64_t limit) const {
  return kin(id,
             "WITH RECURSIVE line(id, depth) AS (SELECT parent, 1 FROM clip_parents WHERE clip = ?"
             " UNION SELECT p.parent, l.depth + 1 FROM clip_parents p JOIN line l ON p.clip = l.id "
             "WHERE l.depth < 1000) SELECT id FROM line GROUP BY id ORDER BY min(depth) LIMIT ?",
             limit);
}

std::vector<ClipRecord> ClipStore::descendants(const std::string& id, int64_t limit) const {
  return kin(id,
             "WITH RECURSIVE line(id, depth) AS (SELECT clip, 1 FROM clip_parents WHERE parent = ?"
             " UNION SELECT p.clip, l.depth + 1 FROM clip_parents p JOIN line l ON p.parent = l.id "
             "WHERE l.depth < 1000) SELECT id FROM line GROUP BY id ORDER BY min(depth) LIMIT ?",
             limit);
}

std::vector<TagCount> ClipStore::tags() const {
  const auto lock = database_.lock();
  Statement query = database_.prepare(
      "SELECT tag, count(*) FROM clip_tags GROUP BY tag ORDER BY count(*) DESC, tag");
  std::vector<TagCount> tags;
  while (query.step()) tags.push_back({query.text(0), query.integer(1)});
  return tags;
}

int64_t ClipStore::count() const {
  const auto lock = database_.lock();
  Statement query = database_.prepare("SELECT count(*) FROM clips");
  query.step();
  return query.integer(0);
}

int64_t ClipStore::sweep() {
  std::vector<fs::path> orphans;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    // Only what was made here is taken away.
    if (is_id(name, "clip_") && !find(name)) orphans.push_back(entry.path());
  }
  for (const fs::path& orphan : orphans) fs::remove_all(orphan);
  return static_cast<int64_t>(orphans.size());
}

}  // namespace riffle::library
