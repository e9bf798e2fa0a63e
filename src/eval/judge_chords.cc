// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge_chords.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "eval/band_scores.h"
#include "eval/chroma.h"
#include "eval/tally.h"
#include "text/chords.h"

namespace riffle::eval {
namespace {

constexpr double kBpm = 96;  // two bars in 5 s
constexpr double kBarSeconds = 4 * 60 / kBpm;
constexpr double kRight = 0.7;  // the bar

constexpr std::array kProgressions = {"C | G",   "Am | F",   "Dm7 | G7", "Eb | Ab",
                                      "F#m | B", "Bb | Gm7", "E | C#m",  "Db | Bbm"};
constexpr std::array kPlayers = {"electric piano chords", "acoustic guitar and bass guitar",
                                 "strings", "organ and drums", "synth pad"};

std::vector<ChordSpan> spans_of(std::string_view progression, int semitones_up) {
  std::vector<ChordSpan> spans;
  for (const text::ChordSpan& chord : text::parse_chords(progression)) {
    ChordSpan span{.start_s = chord.start * kBarSeconds, .tones = {}};
    for (const int tone : chord.pitch_classes) {
      span.tones[static_cast<size_t>((tone + semitones_up) % 12)] = true;
    }
    spans.push_back(span);
  }
  return spans;
}

bool agrees_best_as_asked(const Chroma& chroma, std::string_view progression) {
  const auto asked = chord_agreement(chroma, spans_of(progression, 0));
  if (!asked) return false;
  for (int up = 1; up < 12; ++up) {
    if (chord_agreement(chroma, spans_of(progression, up)).value_or(0) >= *asked) return false;
  }
  return true;
}

}  // namespace

Row judge_chords(pipelines::MusicModel& model, ClipStore& store, const Judge& judge,
                 const JudgeChordsOptions& options, const Job& job) {
  Row row{.name = "chords",
          .title = "chords agree best as they were asked, of 12 transpositions",
          .maybe_least = kRight,
          .percent = true};
  if (!model.denoiser().follows_chroma()) {
    row.note = "the model does not follow chords";
    return row;
  }
  Share right;
  for (int64_t i = 0; i < options.count; ++i) {
    const char* const progression = kProgressions[static_cast<size_t>(i) % kProgressions.size()];
    Json request;
    request["pipeline"] = "generate";
    request["seed"] = options.seed + i;
    request["prompt"] = kPlayers[static_cast<size_t>(i) % kPlayers.size()];
    request["chords"] = progression;
    request["bars"] = 2;
    request["bpm"] = kBpm;
    set_fields(request, options.sampling);
    const KeptClip clip = store.clip(fmt::format("chords-{:04}", i), request, judge.params, job);
    right.add(agrees_best_as_asked(chroma_of(clip.sound, Job{job.stop, {}}), progression));
    job.report("chords", i + 1, options.count);
  }
  row.maybe_value = right.value();
  row.count = right.count();
  return row;
}

}  // namespace riffle::eval
