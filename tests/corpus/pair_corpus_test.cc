// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/pair_corpus.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "audio/audio_writer.h"
#include "core/error.h"
#include "core/files.h"
#include "shards/corpus_files.h"
#include "shards/pair_reader.h"
#include "shards/shard_writer.h"
#include "support/test_files.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

constexpr int kRate = 8000;
constexpr int64_t kHop = 800;

// A constant of this value from start_s on: sums are easy to tell.
void write_level(const fs::path& path, double seconds, float value, double start_s = 0) {
  audio::Waveform sound{kRate, {std::vector<float>(static_cast<size_t>(seconds * kRate), 0.0F)}};
  for (auto i = static_cast<size_t>(start_s * kRate); i < sound.samples[0].size(); ++i) {
    sound.samples[0][i] = value;
  }
  fs::create_directories(path.parent_path());
  audio::write_audio(path, sound, {.maybe_sample_type = audio::SampleType::Int16});
}

// Two channels: the mean of a column, and its number.
LatentEncoder mean_encoder() {
  return {.name = "mean",
          .sample_rate = kRate,
          .samples_per_column = kHop,
          .channels = 2,
          .encode = [](const audio::Waveform& mono, const Job&) {
            const int64_t columns = (mono.frames() + kHop - 1) / kHop;
            at::Tensor latents = at::full({2, columns}, 0.0F);
            for (int64_t c = 0; c < columns; ++c) {
              double sum = 0;
              for (int64_t i = c * kHop; i < std::min(mono.frames(), (c + 1) * kHop); ++i) {
                sum += mono.samples[0][static_cast<size_t>(i)];
              }
              latents[0][c] = sum / kHop;
              latents[1][c] = c;
            }
            return latents;
          }};
}

// Of two songs in MUSDB's layout: 2.5 and 1 s in excerpts of 1 s.
class PairCorpus : public testing::Test {
 protected:
  PairCorpus() {
    for (const char* song : {"in/one", "in/two"}) {
      const double seconds = std::string(song) == "in/one" ? 2.5 : 1;
      write_level(folder_ / song / "mixture.wav", seconds, 0.5F);
      write_level(folder_ / song / "drums.wav", seconds, 0.1F);
      write_level(folder_ / song / "bass.wav", seconds, 0.2F, 0.5);
      write_level(folder_ / song / "vocals.wav", seconds, 0.0F);
      write_level(folder_ / song / "other.wav", seconds, 0.3F);
    }
    options_.source.excerpt_s = 1;
    options_.source.valid_share = 0;
    options_.source.test_share = 0;
  }
  PairReport make() {
    return make_pairs(folder_ / "in", folder_ / "out", mean_encoder(), options_);
  }

  test::TemporaryFolder folder_;
  PairOptions options_;
};

TEST_F(PairCorpus, MixesAreSumsOfSound) {
  const PairReport report = make();
  EXPECT_EQ(report.songs_written, 2);
  EXPECT_TRUE(report.refused.empty());
  const shards::PairReader reader(folder_ / "out");
  ASSERT_EQ(reader.songs().size(), 4U);  // 1 + 1 + 0.5 s, and 1
  const auto& song = reader.songs()[0];
  EXPECT_EQ(song.columns, 10);
  ASSERT_EQ(song.stems.size(), 3U);  // silent vocals are left out
  EXPECT_EQ(song.stems[0].role, "bass");
  EXPECT_TRUE(song.stems[1].drums);
  EXPECT_EQ(song.stems[1].instrument, "drums");
  EXPECT_FALSE(song.stems[1].captions.empty());
  EXPECT_THAT(song.mixes, ElementsAre(ElementsAre(0, 1), ElementsAre(0, 2), ElementsAre(1, 2)));
  for (size_t j = 0; j < song.mixes.size(); ++j) {
    at::Tensor sum = at::full({10}, 0.0F);
    for (const int64_t stem : song.mixes[j]) {
      sum += reader.stem(0, static_cast<size_t>(stem))[0].to(at::kFloat);
    }
    EXPECT_LT((reader.mix(0, j)[0].to(at::kFloat) - sum).abs().max().item<float>(), 1e-3);
  }
  EXPECT_EQ(reader.stem_chroma(0, 0).sizes(), at::IntArrayRef({12, 10}));
  EXPECT_EQ(reader.mix_chroma(0, 2).sizes(), at::IntArrayRef({12, 10}));
  const at::Tensor active = reader.active(0);
  EXPECT_EQ(active[1].sum().item<int64_t>(), 10);
  EXPECT_EQ(active[0].sum().item<int64_t>(), 5);  // the bass comes in at half time
  EXPECT_EQ(active[0][4].item<int64_t>(), 0);
}

TEST_F(PairCorpus, GoesOnWhereItStopped) {
  EXPECT_EQ(make().shards_written, 1);
  EXPECT_EQ(make().shards_present, 1);
  write_level(folder_ / "in/three/mixture.wav", 1, 0.5F);
  write_level(folder_ / "in/three/bass.wav", 1, 0.5F);
  EXPECT_EQ(make().shards_written, 1);
  EXPECT_EQ(shards::PairReader(folder_ / "out").songs().size(), 5U);
  options_.mixes_a_stem = 3;
  EXPECT_RIFFLE_ERROR(make(), ErrorCode::InvalidArgument, "made otherwise");
}

TEST_F(PairCorpus, EmbedsPartsThatSound) {
  make();
  const SoundEmbedder mean{
      .name = "mean", .sample_rate = kRate, .embed = [](const at::Tensor& mono, const Job&) {
        return at::full({3}, mono.mean().item<float>());
      }};
  EXPECT_EQ(embed_pairs(folder_ / "in", folder_ / "out", mean, options_), 1);
  EXPECT_EQ(embed_pairs(folder_ / "in", folder_ / "out", mean, options_), 0);
  const shards::PairReader reader(folder_ / "out");
  EXPECT_EQ(reader.style_dim(), 3);
  EXPECT_EQ(reader.styles(0, 1).size(0), options_.style_parts);
  EXPECT_NEAR(reader.styles(0, 1)[0][0].item<float>(), 0.1, 0.01);
  EXPECT_FALSE(reader.words(0, 1).defined());
  SoundEmbedder other = mean;
  other.name = "other";
  EXPECT_EQ(embed_pairs(folder_ / "in", folder_ / "out", other, options_), 1);
}

TEST_F(PairCorpus, EmbedsWhatIsSaidOfStems) {
  make();
  std::vector<std::string> read;
  const SoundEmbedder reader_too{
      .name = "reads",
      .sample_rate = kRate,
      .embed = [](const at::Tensor&, const Job&) { return at::ones({3}); },
      .read =
          [&](const std::vector<std::string>& sentences, const Job&) {
            read.insert(read.end(), sentences.begin(), sentences.end());
            return at::full({static_cast<int64_t>(sentences.size()), 3}, 0.5F);
          }};
  EXPECT_EQ(embed_pairs(folder_ / "in", folder_ / "out", reader_too, options_), 1);
  const shards::PairReader reader(folder_ / "out");
  const shards::PairStem& stem = reader.songs()[0].stems[1];
  EXPECT_EQ(reader.words(0, 1).size(0), static_cast<int64_t>(stem.captions.size()) + 1);
  EXPECT_NE(std::ranges::find(read, stem.drums ? "drums" : stem.instrument), read.end());
}

TEST_F(PairCorpus, ComposedSongsTellWhatTheyAre) {
  shards::CorpusHeader header;
  header.spectrogram = {{"step_size_ms", 20}};
  header.rows = 4;
  {
    shards::NewRecord record;
    record.record.id = "000000-a";
    record.record.song = "000000";
    record.record.split = shards::Split::Test;
    record.record.frames = 8;
    record.levels = at::full({4, 8}, 0, at::kByte);
    shards::ShardWriter(folder_ / "corpus", header).write(0, {record});
  }
  EXPECT_RIFFLE_ERROR(open_pair_sources(folder_ / "corpus", {}), ErrorCode::NotFound, "songs");
  write_level(folder_ / "corpus/songs/000000/01-drums.flac", 1, 0.2F);
  write_level(folder_ / "corpus/songs/000000/02-piano.flac", 1, 0.2F);
  write_level(folder_ / "corpus/songs/000001/01-piano.flac", 1, 0.2F);  // not finished yet
  write_text_file(folder_ / "corpus/songs/000000/song.json",
                  R"({"bpm": 90, "beats_per_bar": 3, "key": 6, "mode": "minor", "genre": "funk",)"
                  R"( "mood": "calm", "soundfont": "F", "chords": [{"start_s": 0, "root": 6,)"
                  R"( "quality": "min"}], "tracks": [)"
                  R"({"file": "01-drums.flac", "instrument": "drums", "role": "drums",)"
                  R"( "drums": true}, {"file": "02-piano.flac", "instrument": "piano",)"
                  R"( "role": "chords", "drums": false}]})");
  const auto sources = open_pair_sources(folder_ / "corpus", {.sample_rate = kRate});
  EXPECT_EQ(sources->count(), 2);
  EXPECT_TRUE(sources->has(0));
  EXPECT_FALSE(sources->has(1));
  const auto songs = sources->read(0);
  ASSERT_EQ(songs.size(), 1U);
  const shards::PairSong& facts = songs[0].facts;
  EXPECT_EQ(facts.id, "000000");
  EXPECT_EQ(facts.split, shards::Split::Test);
  EXPECT_EQ(facts.maybe_key, "F#");
  EXPECT_EQ(facts.maybe_bpm, 90);
  ASSERT_EQ(facts.chords.size(), 1U);
  EXPECT_EQ(facts.chords[0].root, 6);
  ASSERT_EQ(facts.stems.size(), 2U);
  EXPECT_EQ(facts.stems[1].instrument, "piano");
  EXPECT_EQ(facts.stems[1].role, "chords");
  for (const auto& caption : facts.stems[0].captions) {
    EXPECT_THAT(caption, testing::Not(testing::HasSubstr("piano")));  // of the stem alone
  }
}

TEST_F(PairCorpus, VariesWhatIsLearnedFrom) {
  options_.varied = 2;
  const PairReport report = make();
  EXPECT_EQ(report.songs_written, 2);
  EXPECT_EQ(report.pieces_written, 12);
  std::set<std::string> ids;
  const shards::PairReader reader(folder_ / "out");
  for (const auto& song : reader.songs()) {
    ids.insert(song.id);
    const bool as_it_is = song.id.size() == 10;
    EXPECT_EQ(song.stems[0].captions.empty(), !as_it_is) << song.id;
  }
  EXPECT_EQ(ids.size(), 12U);
  options_.source.test_share = 0.99;
  std::filesystem::remove_all(folder_ / "out");
  EXPECT_EQ(make().pieces_written, 4);  // nothing of it is learned
}

TEST(Varied, IsATapeThatRunsFaster) {
  PairSource source;
  source.facts.id = "s";
  source.facts.maybe_bpm = 120;
  source.facts.first_beat_s = 1;
  source.facts.maybe_key = "A#";
  source.facts.chords = {{2, 10, "min"}};
  source.facts.stems = {{"a", "lead", false, {"at 120 bpm"}}};
  source.stems = {{8000, {std::vector<float>(8000)}}};
  for (size_t i = 0; i < 8000; ++i) {
    source.stems[0].samples[0][i] =
        static_cast<float>(std::sin(2 * std::numbers::pi * 440 * static_cast<double>(i) / 8000));
  }
  const PairSource higher = varied(source, 3);
  EXPECT_EQ(higher.facts.id, "s+3");
  EXPECT_EQ(higher.facts.maybe_key, "C#");
  EXPECT_EQ(higher.facts.chords[0].root, 1);
  EXPECT_NEAR(*higher.facts.maybe_bpm, 142.7, 0.1);
  EXPECT_NEAR(higher.facts.chords[0].start_s, 2 / 1.1892, 1e-3);
  const auto& samples = higher.stems[0].samples[0];
  EXPECT_NEAR(static_cast<double>(samples.size()), 8000 / 1.1892, 1);
  int crossings = 0;
  for (size_t i = 1; i < samples.size(); ++i) crossings += samples[i - 1] < 0 && samples[i] >= 0;
  EXPECT_NEAR(crossings * 8000.0 / static_cast<double>(samples.size()), 523.25, 3);
  EXPECT_EQ(varied(source, -1).facts.maybe_key, "A");
}

TEST_F(PairCorpus, RefusesAFolderOfMixes) {
  write_level(folder_ / "mixes/a.wav", 1, 0.5F);
  EXPECT_RIFFLE_ERROR(open_pair_sources(folder_ / "mixes", {}), ErrorCode::BadFile, "as stems");
}

TEST(DrawMixes, HaveTwoStemsAtLeastAndLeaveOneOut) {
  EXPECT_TRUE(draw_mixes(1, 5, 1).empty());
  EXPECT_TRUE(draw_mixes(2, 5, 1).empty());
  EXPECT_EQ(draw_mixes(3, 0, 1).size(), 3U);
  const auto mixes = draw_mixes(6, 6, 1);
  EXPECT_GT(mixes.size(), 7U);
  EXPECT_EQ(draw_mixes(6, 6, 1), mixes);
  EXPECT_NE(draw_mixes(6, 6, 2), mixes);
  for (const auto& mix : mixes) {
    EXPECT_GE(mix.size(), 2U);
    EXPECT_LE(mix.size(), 5U);
    EXPECT_TRUE(std::ranges::is_sorted(mix));
  }
}

}  // namespace
}  // namespace riffle::corpus
