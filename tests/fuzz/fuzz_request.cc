// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as the body of a request: refused with a riffle::Error that is text, or fields in their
// ranges; and as the texts within one: chords, times, prompts that say tempo and key.
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "fuzz_support.h"
#include "pipelines/fields.h"
#include "pipelines/length.h"
#include "text/chords.h"
#include "text/music_terms.h"
#include "text/prompt_weights.h"

using riffle::fuzz::require;

namespace {

// A request with fields of every kind.
struct Sample {
  std::string prompt = {};
  riffle::pipelines::Length length = {};
  std::string preset = "fast";
  int64_t count = 1;
  double strength = 0.5;
  bool loop = false;
  std::optional<int64_t> seed = {};

  void visit(riffle::pipelines::FieldVisitor& v) {
    v.field(prompt, {.name = "prompt", .help = "", .required = true});
    length.visit(v);
    v.field(preset, {.name = "preset", .help = "", .choices = {"fast", "best"}});
    v.field(count, {.name = "count", .help = "", .minimum = 1, .maximum = 1000});
    v.field(strength, {.name = "strength", .help = "", .minimum = 0, .maximum = 1});
    v.field(loop, {.name = "loop", .help = ""});
    v.field(seed, {.name = "seed", .help = "", .minimum = 0, .maximum = 4294967295.0});
  }
};

void require_refusal(const riffle::Error& e) {
  require(
      (e.code() == riffle::ErrorCode::BadFile || e.code() == riffle::ErrorCode::InvalidArgument) &&
      !e.message().empty());
}

void read_fields(const riffle::Json& json) {
  Sample sample;
  riffle::pipelines::FieldReader reader(json, "input");
  sample.visit(reader);
  reader.finish();
  require(!sample.prompt.empty() && sample.count >= 1 && sample.count <= 1000);
  require(sample.strength >= 0 && sample.strength <= 1);
  require(sample.preset == "fast" || sample.preset == "best");
  require(!sample.seed || (*sample.seed >= 0 && *sample.seed <= 4294967295));
  const int64_t samples = sample.length.samples(44100, 1000);
  require(samples > 0 && samples <= int64_t{44100} * 7200);
  require(sample.length.beats(samples, 44100) >= 0);
}

void read_chords(std::string_view text) {
  double end = 0;
  for (const auto& span : riffle::text::parse_chords(text)) {
    require(std::abs(span.start - end) < 1e-6 && span.end > span.start);
    end = span.end;
    for (const int tone : span.pitch_classes) require(tone >= 0 && tone < 12);
  }
  require(end >= 1);
}

template <class Read>
void refused_or(const Read& read) {
  try {
    read();
  } catch (const riffle::Error& e) {
    require_refusal(e);
  }
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  refused_or([&] { read_fields(riffle::parse_json(text, "input")); });
  refused_or([&] { read_chords(text); });
  refused_or([&] {
    const riffle::pipelines::Length length{.bpm = 120};
    require(length.place_of(text, 44100, "input") >= 0);
  });
  refused_or([&] {
    const auto terms = riffle::text::find_music_terms(text);
    require(!terms.key || (*terms.key >= 0 && *terms.key < 12));
    require(!terms.bpm || (*terms.bpm >= 20 && *terms.bpm <= 400));
  });
  refused_or([&] { riffle::text::parse_prompt_weights(std::string(text)); });
  return 0;
}
