// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/length.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "core/error.h"

namespace riffle::pipelines {
namespace {

constexpr double kLongestS = 7200;
// Recordings may be longer than what is made; 30 years are enough for all of them.
constexpr double kLongestPlaceS = 1e9;

void skip_spaces(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

std::optional<double> take_number(std::string_view& text) {
  skip_spaces(text);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  // "inf" and "nan" are numbers to it, too.
  if (error != std::errc{} || !(value >= 0 && value <= kLongestPlaceS)) return {};
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  skip_spaces(text);
  return value;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

void visit_tempo(FieldVisitor& v, std::optional<double>& bpm, int64_t& beats_per_bar,
                 const char* help) {
  v.field(bpm, {.name = "bpm", .help = help, .unit = "BPM", .minimum = 20, .maximum = 400});
  v.field(beats_per_bar,
          {.name = "beats_per_bar", .help = "Beats a bar has", .minimum = 1, .maximum = 32});
}

void Length::visit(FieldVisitor& v) {
  v.field(seconds, {.name = "seconds",
                    .help = "Length in seconds",
                    .unit = "s",
                    .minimum = 0.1,
                    .maximum = kLongestS,
                    .absent = "what the model was trained on"});
  v.field(bars, {.name = "bars",
                 .help = "Length in bars instead; needs a tempo",
                 .unit = "bars",
                 .minimum = 0.25,
                 .maximum = 4000});
  visit_tempo(v, bpm, beats_per_bar, "Tempo, for lengths in bars and for the file's tempo marks");
}

int64_t Length::samples(int sample_rate, int64_t fallback) const {
  if (seconds && bars) {
    throw Error(ErrorCode::InvalidArgument, "the length was given in seconds and in bars",
                "give one of them");
  }
  if (seconds) return nearest(*seconds * sample_rate);
  if (!bars) return fallback;
  if (!bpm) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} bars have no length without a tempo", *bars),
                "add the tempo, for example --bpm 120");
  }
  const int64_t total = samples_of_bars(*bars, sample_rate);
  if (static_cast<double>(total) > kLongestS * sample_rate) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} bars at {} BPM last {} s, expected at most {:.0f} s", *bars, *bpm,
                            total / sample_rate, kLongestS));
  }
  return total;
}

int64_t Length::samples_of_bars(double count, int sample_rate) const {
  // Divided last, so that only one rounding comes before that to whole samples.
  return nearest(count * static_cast<double>(beats_per_bar) * 60 * sample_rate / *bpm);
}

void Length::check() const {
  constexpr int kRate = 48000;  // of no piece: the length is not kept
  samples(kRate, kRate);
}

int64_t Length::beats(int64_t samples, int sample_rate) const {
  if (!bpm) return 0;
  return nearest(static_cast<double>(samples) / sample_rate * *bpm / 60);
}

int64_t Length::place_of(std::string_view time, int sample_rate, std::string_view what) const {
  const auto refuse = [&]() -> Error {
    return {ErrorCode::InvalidArgument, fmt::format("{}: \"{}\" is no time", what, time),
            "write 20s, 1m30s, or 8 bars (with a tempo)"};
  };
  std::string_view rest = time;
  std::optional<double> number = take_number(rest);
  if (!number) throw refuse();
  const bool in_bars = take(rest, "bars") || take(rest, "bar");
  if (in_bars && !bpm) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: bars have no length without a tempo", what),
                "add the tempo, for example --bpm 120");
  }
  double total_s = *number;
  if (!in_bars) {
    if (take(rest, "m")) {
      number = rest.empty() ? std::optional<double>(0) : take_number(rest);
      if (!number) throw refuse();
      total_s = 60 * total_s + *number;
    }
    take(rest, "s");
  }
  skip_spaces(rest);
  if (!rest.empty()) throw refuse();
  return in_bars ? samples_of_bars(*number, sample_rate) : nearest(total_s * sample_rate);
}

}  // namespace riffle::pipelines
