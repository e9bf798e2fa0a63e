// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus as networks hear it, of songs made up here: a mix and two stems, one of which is silent
// in the middle.
#include "corpus/heard_corpus.h"

#include <ATen/ops/full.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "audio/audio_writer.h"
#include "core/error.h"
#include "core/files.h"
#include "shards/shard_reader.h"
#include "shards/shard_writer.h"
#include "shards/wave_levels.h"
#include "support/test_files.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

constexpr int kRate = 44100;
constexpr int kSeconds = 12;

void write_tone(const fs::path& path, double hz, int silent_from_s, int silent_to_s) {
  audio::Waveform sound{.sample_rate = kRate, .samples = {{}}};
  for (int i = 0; i < kSeconds * kRate; ++i) {
    const bool silent = i >= silent_from_s * kRate && i < silent_to_s * kRate;
    sound.samples[0].push_back(
        silent ? 0.0F : static_cast<float>(0.4 * std::sin(2 * std::numbers::pi * hz * i / kRate)));
  }
  audio::write_audio(path, sound);
}

class HeardCorpusTest : public testing::Test {
 protected:
  void write_songs(int count) {
    const shards::ShardWriter writer(folder_.path(),
                                     {.spectrogram = {{"step_size_ms", 20}}, .made_by = {}});
    std::vector<shards::NewRecord> records;
    for (int i = 0; i < count; ++i) {
      const std::string name = fmt::format("{:06}", i);
      write_song(folder_ / "songs" / name);
      shards::NewRecord made;
      made.levels = at::full({256, 600}, 255, at::kByte);
      made.record = {.id = name + "-a",
                     .song = name,
                     .split = i == 1 ? shards::Split::Valid : shards::Split::Train,
                     .frames = 600,
                     .max_value = 1,
                     .source = "synth",
                     .seed = 7,
                     .rendition = "mix",
                     .maybe_bpm = 112,
                     .maybe_key = "F#",
                     .maybe_mode = "minor",
                     .genre = "funk",
                     .groove = "funk",
                     .soundfont = "Fluid",
                     .segments = {{.first_frame = 0,
                                   .last_frame = 300,
                                   .captions = {"funk with slap bass"},
                                   .instruments = {"slap bass"},
                                   .drums = true,
                                   .genre = "funk",
                                   .mood = "calm"}}};
      records.push_back(std::move(made));
    }
    writer.write(0, records);
  }

  static void write_song(const fs::path& folder) {
    fs::create_directories(folder);
    write_tone(folder / "mix.flac", 220, 0, 0);
    write_tone(folder / "01-slap-bass.flac", 110, 5, 8);
    write_tone(folder / "02-drums.flac", 880, 1, kSeconds);
    write_text_file(folder / "song.json", R"({"tracks": [
      {"file": "01-slap-bass.flac", "instrument": "slap bass", "role": "bass", "drums": false},
      {"file": "02-drums.flac", "instrument": "drums", "role": "drums", "drums": true}]})");
  }

  // The loudest sample of every 10 ms.
  static Hearing peaks() {
    return {.name = "peaks",
            .sample_rate = 48000,
            .hop = 480,
            .header = {{"hop", 480}},
            .rows = 1,
            .levels =
                [](const at::Tensor& mono) {
                  const at::Tensor peak = mono.abs().unfold(0, 480, 480).amax(1);
                  return (peak * 255).round().to(at::kByte).unsqueeze(0);
                },
            .loudness =
                [](const at::Tensor& levels) {
                  return levels[0].to(at::kFloat).clamp_min(0.1).log10() * 20;
                }};
  }
  HearReport hear() { return hear_corpus(folder_.path(), peaks(), {}); }

  test::TemporaryFolder folder_;
};

TEST_F(HeardCorpusTest, HearsMixAndStems) {
  write_songs(1);
  const HearReport report = hear();
  EXPECT_EQ(report.songs, 1);
  const shards::ShardReader heard(folder_ / "peaks");
  // The drums sound for a second only, which is no part.
  ASSERT_EQ(heard.records().size(), 2U);
  EXPECT_EQ(heard.header().rows, 1);
  const shards::Record& mix = heard.records()[0];
  EXPECT_EQ(mix.id, "000000-mix");
  EXPECT_EQ(mix.frames, kSeconds * 100);
  ASSERT_EQ(mix.segments.size(), 1U);
  EXPECT_EQ(mix.segments[0].last_frame, 600);
  EXPECT_EQ(mix.segments[0].captions.front(), "funk with slap bass");
  const shards::Record& bass = heard.records()[1];
  EXPECT_EQ(bass.rendition, "slap bass alone");
  ASSERT_EQ(bass.segments.size(), 2U);
  EXPECT_EQ(bass.segments[0].first_frame, 0);
  EXPECT_NEAR(static_cast<double>(bass.segments[0].last_frame), 500, 51);
  EXPECT_NEAR(static_cast<double>(bass.segments[1].first_frame), 800, 51);
  EXPECT_GE(bass.segments[0].captions.size(), 10U);
  bool alone = false;
  for (const std::string& caption : bass.segments[0].captions) {
    alone = alone || caption.find("slap bass") != std::string::npos;
  }
  EXPECT_TRUE(alone);
  const at::Tensor levels = heard.levels(1)[0];
  EXPECT_NEAR(levels[200].item<double>(), 0.4 * 255, 1);
  EXPECT_EQ(levels[600].item<int64_t>(), 0);
}

TEST_F(HeardCorpusTest, KeepsWaveforms) {
  write_songs(1);
  hear_corpus(folder_.path(), wave_hearing(22050), {});
  const shards::ShardReader waves(folder_ / "waves");
  ASSERT_EQ(waves.records().size(), 2U);
  const shards::Record& bass = waves.records()[1];
  EXPECT_EQ(bass.frames, kSeconds * 22050);
  ASSERT_EQ(bass.segments.size(), 2U);
  EXPECT_NEAR(static_cast<double>(bass.segments[1].first_frame), 8 * 22050, 0.51 * 22050);
  const at::Tensor wave = shards::wave_of_levels(waves.levels(1));
  for (const int64_t i : {1000, 2000, 60000}) {
    EXPECT_NEAR(wave[i].item<double>(),
                0.4 * std::sin(2 * std::numbers::pi * 110 * static_cast<double>(i) / 22050), 1e-3);
  }
  EXPECT_EQ(wave[6 * 22050].item<float>(), 0);
}

TEST_F(HeardCorpusTest, GoesOnWhereItStopped) {
  write_songs(1);
  hear();
  const HearReport again = hear();
  EXPECT_EQ(again.songs, 0);
  EXPECT_EQ(again.shards_present, 1);
  write_songs(2);
  EXPECT_EQ(hear().songs, 2);
  EXPECT_EQ(shards::ShardReader(folder_ / "peaks").records().size(), 4U);
}

TEST_F(HeardCorpusTest, SaysWhatIsMissing) {
  write_songs(1);
  write_text_file(folder_ / "songs/000000/song.json",
                  R"({"tracks": [{"file": "../x.flac", "instrument": "bass"}]})");
  EXPECT_RIFFLE_ERROR(hear(), ErrorCode::BadFile, "../x.flac");
  fs::remove_all(folder_ / "songs");
  EXPECT_RIFFLE_ERROR(hear(), ErrorCode::NotFound, "songs");
}

}  // namespace
}  // namespace riffle::corpus
