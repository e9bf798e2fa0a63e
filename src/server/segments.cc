// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/segments.h"

#include <fmt/format.h>

#include <algorithm>

#include "audio/audio_writer.h"
#include "audio/read_audio.h"
#include "image/picture_file.h"
#include "server/answers.h"
#include "server/clip_json.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

namespace fs = std::filesystem;

// Side by side, as they follow each other in time.
image::Picture side_by_side(const std::vector<image::Picture>& pictures) {
  int width = 0;
  for (const image::Picture& picture : pictures) width += picture.width;
  image::Picture all(width, pictures.front().height);
  all.exif = pictures.front().exif;
  size_t offset = 0;
  for (const image::Picture& picture : pictures) {
    for (int y = 0; y < std::min(all.height, picture.height); ++y) {
      std::ranges::copy(picture.row(y), all.row(y).begin() + static_cast<int64_t>(offset));
    }
    offset += picture.row_bytes();
  }
  return all;
}

}  // namespace

OrderedJson to_json(const SegmentOrigin& origin) {
  return {{"prompt", origin.prompt},       {"to", origin.to},
          {"alpha", origin.alpha},         {"seed", origin.seed},
          {"to_seed", origin.to_seed},     {"seed_image", or_null(origin.seed_image)},
          {"denoising", origin.denoising}, {"bpm", or_null(origin.bpm)},
          {"guidance", origin.guidance},   {"steps", origin.steps}};
}

std::string Segment::name() const { return fmt::format("{}-{}", index, revision); }

double Segment::real_time_factor() const { return duration_s() / std::max(1e-3, made_s); }

OrderedJson to_json(const Segment& segment, const std::string& url) {
  return {{"index", segment.index},
          {"revision", segment.revision},
          {"url", fmt::format("{}/{}.wav", url, segment.name())},
          {"picture_url", fmt::format("{}/{}.png", url, segment.name())},
          {"start_sample", segment.start},
          {"samples", segment.samples},
          {"sample_rate", segment.sample_rate},
          {"channels", segment.channels},
          {"first_beat_sample", segment.first_beat},
          {"bpm", or_null(segment.bpm)},
          {"beats", segment.beats},
          {"request", to_json(segment.origin)},
          {"made_s", segment.made_s},
          {"real_time_factor", segment.real_time_factor()}};
}

SegmentStore::SegmentStore(fs::path folder) : folder_(std::move(folder)) {
  fs::create_directories(folder_);
}

SegmentStore::~SegmentStore() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

fs::path SegmentStore::sound_of(const Segment& segment) const {
  return folder_ / (segment.name() + ".wav");
}
fs::path SegmentStore::picture_of(const Segment& segment) const {
  return folder_ / (segment.name() + ".png");
}

Segment SegmentStore::add(Segment segment, const pipelines::JamSegment& made) {
  segment.start = made.start;
  segment.samples = made.sound.frames();
  segment.sample_rate = made.sound.sample_rate;
  segment.channels = made.sound.channels();
  audio::write_audio(sound_of(segment), made.sound,
                     {.maybe_sample_type = audio::SampleType::Int24});
  image::write_picture(picture_of(segment), made.picture);
  const std::lock_guard lock(mutex_);
  segments_.insert_or_assign(segment.index, segment);
  changed_.notify_all();
  return segment;
}

void SegmentStore::discard_from(int64_t index) {
  const std::lock_guard lock(mutex_);
  for (auto it = segments_.lower_bound(index); it != segments_.end(); it = segments_.erase(it)) {
    std::error_code ignored;
    fs::remove(sound_of(it->second), ignored);
    fs::remove(picture_of(it->second), ignored);
  }
}

void SegmentStore::forget_before(int64_t index) {
  const std::lock_guard lock(mutex_);
  first_ = std::max(first_, index);
  while (!segments_.empty() && segments_.begin()->first < index) {
    std::error_code ignored;
    fs::remove(sound_of(segments_.begin()->second), ignored);
    fs::remove(picture_of(segments_.begin()->second), ignored);
    segments_.erase(segments_.begin());
  }
}

void SegmentStore::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

int64_t SegmentStore::first() const {
  const std::lock_guard lock(mutex_);
  return first_;
}

int64_t SegmentStore::count() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? first_ : segments_.rbegin()->first + 1;
}

std::vector<Segment> SegmentStore::list(int64_t from) const {
  const std::lock_guard lock(mutex_);
  std::vector<Segment> segments;
  for (auto it = segments_.lower_bound(from); it != segments_.end(); ++it) {
    segments.push_back(it->second);
  }
  return segments;
}

std::optional<Segment> SegmentStore::find(int64_t index) const {
  const std::lock_guard lock(mutex_);
  const auto found = segments_.find(index);
  return found == segments_.end() ? std::nullopt : std::optional(found->second);
}

bool SegmentStore::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

std::optional<Segment> SegmentStore::wait(int64_t index, std::chrono::milliseconds longest) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, longest, [&] { return segments_.contains(index) || finished_; });
  const auto found = segments_.find(index);
  return found == segments_.end() ? std::nullopt : std::optional(found->second);
}

fs::path SegmentStore::file(const std::string& name) const {
  const auto [stem, ending] = split_ending(name);
  const std::lock_guard lock(mutex_);
  for (const auto& [index, segment] : segments_) {
    if (segment.name() != stem) continue;
    if (ending == "wav") return sound_of(segment);
    if (ending == "png") return picture_of(segment);
  }
  const int64_t index = std::atoll(stem.c_str());
  const bool was_there = !stem.empty() && stem.front() >= '0' && stem.front() <= '9' &&
                         (index < first_ || segments_.contains(index));
  if (was_there) {
    throw ProblemError({.status = 410,
                        .code = "gone",
                        .detail = fmt::format("segment {} is no longer kept", stem.substr(0, 40))});
  }
  throw no_such("segment", name);
}

pipelines::Clip SegmentStore::joined(int64_t from, int64_t to) const {
  pipelines::Clip clip;
  std::vector<image::Picture> pictures;
  for (const Segment& segment : list(from)) {
    if (segment.index > to) break;
    const audio::Waveform sound = audio::read_audio(sound_of(segment));
    if (clip.sound.samples.empty()) {
      clip.sound = sound;
    } else {
      for (size_t c = 0; c < clip.sound.samples.size(); ++c) {
        clip.sound.samples[c].insert(clip.sound.samples[c].end(), sound.samples[c].begin(),
                                     sound.samples[c].end());
      }
    }
    pictures.push_back(image::read_picture(picture_of(segment)));
    if (segment.bpm) clip.maybe_bpm = segment.bpm;
  }
  if (!pictures.empty()) clip.picture = side_by_side(pictures);
  return clip;
}

}  // namespace riffle::server
