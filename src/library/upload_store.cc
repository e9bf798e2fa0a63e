// SPDX-License-Identifier: GPL-3.0-or-later
#include "library/upload_store.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"
#include "library/detail/sqlite.h"
#include "library/ids.h"

namespace riffle::library {
namespace {

namespace fs = std::filesystem;
using detail::Statement;

constexpr std::array<std::string_view, 3> kKinds = {"audio", "picture", "latents"};

UploadKind kind_of(const std::string& name) {
  const auto* found = std::ranges::find(kKinds, name);
  if (found == kKinds.end()) {
    throw Error(ErrorCode::BadFile, "library: an upload of the kind \"" + name + "\"");
  }
  return static_cast<UploadKind>(found - kKinds.begin());
}

}  // namespace

std::string_view name_of(UploadKind kind) { return kKinds.at(static_cast<size_t>(kind)); }

UploadStore::UploadStore(detail::Database& database, fs::path folder)
    : database_(database), folder_(std::move(folder)) {
  fs::create_directories(folder_);
}

void UploadStore::add(const UploadRecord& upload) {
  const auto lock = database_.lock();
  database_.prepare("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(upload.id)
      .bind(upload.created_ms)
      .bind(name_of(upload.kind))
      .bind(upload.name)
      .bind(upload.file)
      .bind(upload.bytes)
      .bind(upload.duration_s)
      .bind(upload.sample_rate)
      .bind(upload.channels)
      .bind(upload.width)
      .bind(upload.height)
      .bind(upload.request.is_null() ? std::nullopt : std::optional(upload.request.dump()))
      .run();
}

std::optional<UploadRecord> UploadStore::find(const std::string& id) const {
  const auto lock = database_.lock();
  Statement row = database_.prepare(
      "SELECT id, created_ms, kind, name, file, bytes, duration_s, sample_rate, channels, width, "
      "height, request FROM uploads WHERE id = ?");
  row.bind(id);
  if (!row.step()) return {};
  UploadRecord upload;
  upload.id = row.text(0);
  upload.created_ms = row.integer(1);
  upload.kind = kind_of(row.text(2));
  upload.name = row.text(3);
  upload.file = row.text(4);
  upload.bytes = row.integer(5);
  upload.duration_s = row.maybe_number(6);
  upload.sample_rate = row.maybe_integer(7);
  upload.channels = row.maybe_integer(8);
  upload.width = row.maybe_integer(9);
  upload.height = row.maybe_integer(10);
  if (!row.is_null(11)) upload.request = OrderedJson::parse(row.text(11));
  return upload;
}

bool UploadStore::remove(const std::string& id) {
  const auto upload = find(id);
  if (!upload) return false;
  const auto lock = database_.lock();
  database_.prepare("DELETE FROM uploads WHERE id = ?").bind(id).run();
  std::error_code ignored;
  fs::remove(path_of(*upload), ignored);
  return database_.changes() > 0;
}

int64_t UploadStore::sweep(int64_t older_than_ms) {
  const auto lock = database_.lock();
  database_
      .prepare(
          "DELETE FROM uploads WHERE created_ms < ? AND id NOT IN (SELECT parent FROM "
          "clip_parents)")
      .bind(older_than_ms)
      .run();
  std::set<std::string> known;
  Statement names = database_.prepare("SELECT file FROM uploads");
  while (names.step()) known.insert(names.text(0));
  std::vector<fs::path> orphans;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const fs::path& path = entry.path();
    if (is_id(path.stem().string(), "up_") && !known.contains(path.filename().string())) {
      orphans.push_back(path);
    }
  }
  for (const fs::path& orphan : orphans) fs::remove_all(orphan);
  return static_cast<int64_t>(orphans.size());
}

}  // namespace riffle::library
