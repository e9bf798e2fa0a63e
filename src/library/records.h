// SPDX-License-Identifier: GPL-3.0-or-later
// What the library remembers: clips, jobs and uploads, one struct a row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace riffle::library {

// A clip, whose files lie in ClipStore::folder_of(id): audio.wav, and where there are any
// picture.png and latents.safetensors.
struct ClipRecord {
  std::string id = {};
  int64_t created_ms = 0;  // Unix time
  std::string title = {};
  std::string pipeline = {};
  std::string model = {};
  std::string prompt = {};
  std::optional<int64_t> seed = {};
  int64_t frames = 0;
  int64_t sample_rate = 0;
  int64_t channels = 0;
  double loudness_lufs = 0;
  std::optional<double> bpm = {};
  int64_t beats = 0;  // 0: not known
  int64_t beats_per_bar = 4;
  bool loop = false;
  int64_t rating = 0;  // 0: none, 1 to 5
  std::vector<std::string> tags = {};
  std::vector<std::string> notes = {};
  OrderedJson request = OrderedJson::object();
  std::vector<std::string> parents = {};  // ids of clips and uploads it was made from
  std::optional<std::string> job = {};
  bool has_picture = false;
  bool has_latents = false;
  std::string role = {};                    // "stem", "mix"; empty: neither
  std::string part = {};                    // its name among those made together: "drums"
  std::optional<std::string> part_of = {};  // the clip it was made together with
};

enum class ClipOrder { Newest, Oldest, Rating, Title };

struct ClipQuery {
  std::string words = {};  // all of them in title, prompt or tags; capitals do not matter
  std::string tag = {};
  std::string pipeline = {};
  std::string parent = {};
  std::string job = {};
  int64_t rating_min = 0;
  ClipOrder order = ClipOrder::Newest;
  int64_t limit = 50;
  int64_t offset = 0;
};

struct ClipPage {
  std::vector<ClipRecord> clips = {};
  int64_t total = 0;  // that match, on all pages
};

// Absent: as it is.
struct ClipChange {
  std::optional<std::string> title = {};
  std::optional<int64_t> rating = {};
  std::optional<std::vector<std::string>> tags = {};
};

struct TagCount {
  std::string tag = {};
  int64_t clips = 0;
};

enum class JobState { Queued, Running, Done, Failed, Cancelled };
std::string_view name_of(JobState state);  // "queued", ...
inline bool is_over(JobState state) { return state > JobState::Running; }

struct JobRecord {
  std::string id = {};
  std::string pipeline = {};
  JobState state = JobState::Queued;
  int64_t created_ms = 0;
  std::optional<int64_t> started_ms = {};
  std::optional<int64_t> finished_ms = {};
  OrderedJson request = OrderedJson::object();  // the seed filled in
  OrderedJson options = OrderedJson::object();  // how it was submitted: title, tags, ...
  OrderedJson error = nullptr;                  // a problem document
  int64_t restarts = 0;
};

enum class UploadKind { Audio, Picture, Latents };
std::string_view name_of(UploadKind kind);  // "audio", ...

struct UploadRecord {
  std::string id = {};
  int64_t created_ms = 0;
  UploadKind kind = UploadKind::Audio;
  std::string name = {};  // as the sender called it
  std::string file = {};  // its name in the uploads' folder
  int64_t bytes = 0;
  std::optional<double> duration_s = {};
  std::optional<int64_t> sample_rate = {};
  std::optional<int64_t> channels = {};
  std::optional<int64_t> width = {};
  std::optional<int64_t> height = {};
  OrderedJson request = nullptr;  // found in the tags of a clip of Riffle's
};

}  // namespace riffle::library
