// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/corpus_summary.h"

#include <algorithm>
#include <set>

#include "core/json.h"

namespace riffle::corpus {
namespace {

void count_segment(const shards::Record& record, const shards::Segment& segment, double seconds,
                   CorpusSummary& summary) {
  ++summary.segments;
  summary.captions += static_cast<int64_t>(segment.captions.size());
  summary.segment_seconds += seconds;
  const std::string& genre = segment.genre.empty() ? record.genre : segment.genre;
  if (!genre.empty()) summary.genres[genre] += seconds;
  const std::set<std::string> instruments(segment.instruments.begin(), segment.instruments.end());
  for (const std::string& instrument : instruments) summary.instruments[instrument] += seconds;
  if (segment.drums) summary.drums_seconds += seconds;
  if (record.maybe_key) {
    const std::string mode = record.maybe_mode ? " " + *record.maybe_mode : std::string();
    summary.keys[*record.maybe_key + mode] += seconds;
  }
}

}  // namespace

CorpusSummary summarize(const shards::ShardReader& corpus) {
  constexpr const char* kWhere = "corpus.json";
  const Json spectrogram = Json::parse(corpus.header().spectrogram.dump());
  const double frame_s = json_get_or(spectrogram, "step_size_ms", 10, kWhere) / 1000.0;
  CorpusSummary summary;
  summary.shards = static_cast<int64_t>(corpus.shards());
  std::set<std::string> songs;
  for (const shards::Record& record : corpus.records()) {
    const double seconds = static_cast<double>(record.frames) * frame_s;
    auto& split = summary.splits[std::string(shards::name_of(record.split))];
    ++summary.records;
    ++split.records;
    summary.seconds += seconds;
    split.seconds += seconds;
    if (songs.insert(record.song).second) ++split.songs;
    if (!record.soundfont.empty()) summary.soundfonts[record.soundfont] += seconds;
    if (record.maybe_bpm) {
      ++summary.tempi[static_cast<int>(*record.maybe_bpm / 10) * 10];
    } else {
      ++summary.without_tempo;
    }
    for (const auto& segment : record.segments) {
      count_segment(record, segment, static_cast<double>(segment.frames()) * frame_s, summary);
    }
  }
  summary.songs = static_cast<int64_t>(songs.size());
  return summary;
}

}  // namespace riffle::corpus
