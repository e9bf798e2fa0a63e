// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/synth_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <set>

#include "audio/read_audio.h"
#include "core/error.h"
#include "core/files.h"
#include "core/parallel.h"
#include "corpus/corpus_summary.h"
#include "corpus/effects.h"
#include "corpus/midi_file.h"
#include "corpus/song_parts.h"
#include "shards/corpus_files.h"
#include "shards/shard_reader.h"
#include "support/test_files.h"
#include "test_songs.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

SynthOptions small_options(int64_t songs) {
  SynthOptions options;
  options.songs = songs;
  options.seed = 5;
  options.soundfonts = find_soundfonts({test_songs::kSmallFont});
  options.compose.mma_share = 0;
  return options;
}

std::map<std::string, std::vector<uint8_t>> contents(const fs::path& folder) {
  std::map<std::string, std::vector<uint8_t>> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[entry.path().lexically_relative(folder).string()] = read_file(entry.path(), 1 << 30);
    }
  }
  return files;
}

// One corpus for the tests that only look: making it takes some seconds.
class SynthCorpus : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test_songs::small_font_installed()) return;
    folder_ = new test::TemporaryFolder;
    report_ = synthesize_corpus(*folder_ / "c", small_options(kSongsPerShard + 2));
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override { RIFFLE_SMALL_FONT_OR_SKIP(); }

  static fs::path corpus() { return *folder_ / "c"; }
  static inline test::TemporaryFolder* folder_ = nullptr;
  static inline SynthReport report_;
};

TEST_F(SynthCorpus, RecordsHoldTheContract) {
  const shards::ShardReader reader(corpus());
  EXPECT_EQ(reader.shards(), 2U);
  EXPECT_EQ(report_.songs_written, kSongsPerShard + 2);
  EXPECT_EQ(static_cast<int64_t>(reader.records().size()), report_.records_written);
  EXPECT_EQ(Json::parse(reader.header().spectrogram.dump()),
            Json::parse(to_json(default_spectrogram()).dump()));
  std::set<std::string> ids;
  std::map<std::string, shards::Split> split_of;
  std::map<std::string, int> renditions;
  for (size_t i = 0; i < reader.records().size(); ++i) {
    const auto& record = reader.records()[i];
    EXPECT_TRUE(ids.insert(record.id).second);
    EXPECT_EQ(split_of.emplace(record.song, record.split).first->second, record.split);
    ++renditions[record.song];
    EXPECT_EQ(record.frames % kColumnFrames, 0);
    EXPECT_EQ(record.soundfont, "TimGM6mb");
    EXPECT_GT(record.max_value, 1e4);
    ASSERT_FALSE(record.segments.empty());
    for (const auto& segment : record.segments) {
      EXPECT_EQ(segment.first_frame % kColumnFrames, 0);
      EXPECT_GE(segment.frames(), 260);
      EXPECT_GE(segment.captions.size(), 2U);
      EXPECT_FALSE(segment.instruments.empty());
    }
    const at::Tensor levels = reader.levels(i);
    EXPECT_EQ(levels.size(1), record.frames);
    EXPECT_EQ(levels.min().item<uint8_t>(), 0);  // its own loudest
    ASSERT_TRUE(reader.events(i).defined());
    // Where notes are said to sound there is something to see.
    const auto& segment = record.segments[0];
    const auto window = levels.narrow(1, segment.first_frame, segment.frames());
    EXPECT_LT(window.to(at::kFloat).mean().item<float>(), 250) << record.id;
  }
  for (const auto& [song, count] : renditions) {
    EXPECT_GE(count, 1);
    EXPECT_LE(count, 5);
  }
}

TEST_F(SynthCorpus, OnsetsOfTheEventsAreThoseOfTheSound) {
  const shards::ShardReader reader(corpus());
  int looked_at = 0;
  for (size_t i = 0; i < reader.records().size(); ++i) {
    if (reader.records()[i].rendition != "drums alone" && reader.records()[i].maybe_key) continue;
    // Drums: columns in which one is hit are darker than the ones before them.
    const at::Tensor events = reader.events(i);
    const at::Tensor levels = reader.levels(i).to(at::kFloat);
    double with = 0, without = 0;
    int hits = 0, others = 0;
    for (int64_t c = 1; c < events.size(1); ++c) {
      const double mean = levels.narrow(1, c * kColumnFrames, kColumnFrames).mean().item<float>();
      const double before =
          levels.narrow(1, (c - 1) * kColumnFrames, kColumnFrames).mean().item<float>();
      if (events[13][c].item<uint8_t>() != 0 && events[13][c - 1].item<uint8_t>() == 0) {
        with += before - mean;
        ++hits;
      } else if (events[13][c].item<uint8_t>() == 0) {
        without += before - mean;
        ++others;
      }
    }
    if (hits < 4 || others < 4) continue;
    EXPECT_GT(with / hits, without / others + 5) << reader.records()[i].id;
    ++looked_at;
  }
  EXPECT_GE(looked_at, 1);
}

TEST_F(SynthCorpus, TheSummaryCountsIt) {
  const CorpusSummary summary = summarize(shards::ShardReader(corpus()));
  EXPECT_EQ(summary.songs, kSongsPerShard + 2);
  EXPECT_EQ(summary.records, report_.records_written);
  EXPECT_NEAR(summary.seconds, report_.seconds_written, 1e-6);
  EXPECT_NEAR(summary.soundfonts.at("TimGM6mb"), summary.seconds, 1e-6);
  int64_t records = 0;
  for (const auto& [name, split] : summary.splits) records += split.records;
  EXPECT_EQ(records, summary.records);
  EXPECT_EQ(summary.without_tempo, 0);
}

TEST_F(SynthCorpus, MoreSongsContinueIt) {
  test::TemporaryFolder folder;
  fs::copy(corpus(), folder / "c", fs::copy_options::recursive);
  const auto first = read_file(shards::tensors_path(corpus(), 0), 1 << 30);
  const auto report = synthesize_corpus(folder / "c", small_options(kSongsPerShard + 3));
  EXPECT_EQ(report.shards_present, 1);
  EXPECT_EQ(report.shards_written, 1);
  EXPECT_EQ(report.songs_written, 3);
  EXPECT_EQ(read_file(shards::tensors_path(folder / "c", 0), 1 << 30), first);
  const shards::ShardReader shorter(corpus());
  const shards::ShardReader longer(folder / "c");
  ASSERT_GT(longer.records().size(), shorter.records().size());
  for (size_t i = 0; i < shorter.records().size(); ++i) {
    EXPECT_EQ(shards::to_json(shorter.records()[i]), shards::to_json(longer.records()[i]));
    EXPECT_TRUE(shorter.levels(i).equal(longer.levels(i)));
  }
}

TEST_F(SynthCorpus, AKilledRunGoesOnToTheSameBytesAlsoWithMoreThreads) {
  test::TemporaryFolder folder;
  for (const int64_t limit : {0, 1}) {  // killed before and after its first shard
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      set_thread_count(1);
      Job job;
      job.on_progress = [&](const Progress& progress) {
        if (progress.done > limit) ::kill(::getpid(), SIGKILL);
      };
      synthesize_corpus(folder / "c", small_options(kSongsPerShard + 2), job);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  set_thread_count(2);
  synthesize_corpus(folder / "c", small_options(kSongsPerShard + 2));
  set_thread_count(0);
  EXPECT_EQ(contents(folder / "c"), contents(corpus()));
}

TEST(SynthCorpusFiles, StemsMidiAndFactsAreKept) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  test::TemporaryFolder folder;
  SynthOptions options = small_options(2);
  options.compose.solo_share = 0;
  options.stems = options.midi = true;
  synthesize_corpus(folder / "c", options);
  const fs::path song = folder / "c" / "songs" / "000001";
  const Json facts = read_json_file(song / "song.json");
  const audio::Waveform mix = audio::read_audio(song / "mix.flac");
  EXPECT_EQ(mix.frames(), facts.at("frames").get<int64_t>());
  const auto& tracks = facts.at("tracks");
  ASSERT_GE(tracks.size(), 2U);
  audio::Waveform sum{mix.sample_rate, {}};
  sum.samples.assign(2, std::vector<float>(static_cast<size_t>(mix.frames()), 0.0F));
  for (const auto& track : tracks) {
    add_scaled(sum, audio::read_audio(song / track.at("file").get<std::string>()), 1);
  }
  // Without compressor and saturation the stems are the mix, but for rounding to 16 bits.
  const bool plain = facts.at("bus").at("compressor_ratio").get<double>() == 1 &&
                     !facts.at("bus").at("saturated").get<bool>();
  if (plain) {
    for (size_t i = 0; i < mix.samples[0].size(); ++i) {
      ASSERT_NEAR(sum.samples[0][i], mix.samples[0][i],
                  static_cast<double>(tracks.size() + 1) / 65536 + 1e-5);
    }
  }
  const MidiFile midi = read_midi(read_file(song / "song.mid", 1 << 20));
  EXPECT_EQ(midi.tracks.size(), tracks.size());
  EXPECT_NEAR(midi.bpm, facts.at("bpm").get<double>(), 0.01);
}

TEST(SynthCorpusFiles, HeldOutFontsAreForTestingOnly) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  test::TemporaryFolder folder;
  SynthOptions options = small_options(3);
  options.compose.solo_share = 1;
  const fs::path other = folder / "Other.sf2";
  fs::copy_file(options.soundfonts[0].path, other);
  options.soundfonts.push_back({"Other", other});
  options.held_out = {"Oth"};
  options.seed = 49;  // of which the first song is for the held-out font
  synthesize_corpus(folder / "c", options);
  const shards::ShardReader reader(folder / "c");
  std::map<std::string, int> other_in;
  for (const auto& record : reader.records()) {
    if (record.soundfont == "Other") ++other_in[std::string(shards::name_of(record.split))];
  }
  EXPECT_EQ(other_in["train"] + other_in["valid"], 0);
  EXPECT_EQ(other_in["test"], 1);
  EXPECT_GE(reader.records().size(), 3U);
  options.held_out = {"Other", "Tim"};
  EXPECT_RIFFLE_ERROR(synthesize_corpus(folder / "d", options), ErrorCode::InvalidArgument,
                      "every soundfont is held out");
}

}  // namespace
}  // namespace riffle::corpus
