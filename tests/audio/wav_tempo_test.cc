// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/wav_tempo.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "audio/audio_reader.h"
#include "audio/audio_writer.h"
#include "audio/read_audio.h"
#include "core/files.h"
#include "support/test_files.h"
#include "test_signals.h"
#include "wav_bytes.h"

namespace riffle::audio {
namespace {

uint64_t le(const std::string& bytes, size_t at, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i) {
    value = value << 8 | static_cast<uint8_t>(bytes.at(at + static_cast<size_t>(i)));
  }
  return value;
}
uint32_t u32(const std::string& bytes, size_t at) {
  return static_cast<uint32_t>(le(bytes, at, 4));
}
uint16_t u16(const std::string& bytes, size_t at) {
  return static_cast<uint16_t>(le(bytes, at, 2));
}

using Chunks = std::vector<std::pair<std::string, std::string>>;

// Walks the file as RIFF says: a chunk begins at an even place and the last one ends where the file
// and the RIFF chunk do.
Chunks chunks_of(const std::string& file) {
  Chunks chunks;
  EXPECT_EQ(file.substr(0, 4), "RIFF");
  EXPECT_EQ(u32(file, 4), file.size() - 8);
  EXPECT_EQ(file.substr(8, 4), "WAVE");
  size_t at = 12;
  while (at < file.size()) {
    const size_t size = u32(file, at + 4);
    if (at + 8 + size > file.size()) {
      ADD_FAILURE() << file.substr(at, 4) << " goes on after the end";
      break;
    }
    chunks.emplace_back(file.substr(at, 4), file.substr(at + 8, size));
    at += 8 + size + size % 2;
  }
  EXPECT_EQ(at, file.size());
  return chunks;
}

std::string chunk(const Chunks& chunks, const std::string& id) {
  std::string found;
  int count = 0;
  for (const auto& [name, body] : chunks) {
    if (name != id) continue;
    found = body;
    ++count;
  }
  EXPECT_LE(count, 1) << id;
  return found;
}

std::string file_of(const std::filesystem::path& path) { return read_text_file(path, 1 << 20); }

class WavTempoTest : public testing::Test {
 protected:
  riffle::test::TemporaryFolder folder_;
};

TEST_F(WavTempoTest, WritesWhatSequencersRead) {
  const Waveform sound = test::tones(2, 44100, 44100);
  write_audio(
      folder_ / "loop.wav", sound,
      {.maybe_tempo = TempoMarks{.bpm = 126.5, .beats = 7, .beats_per_bar = 3, .loop = true}});
  const Chunks chunks = chunks_of(file_of(folder_ / "loop.wav"));

  const std::string acid = chunk(chunks, "acid");
  ASSERT_EQ(acid.size(), 24U);
  EXPECT_EQ(u32(acid, 0) & 1U, 0U);  // no one-shot
  EXPECT_EQ(u32(acid, 0) & 4U, 4U);  // follows the tempo
  EXPECT_EQ(u32(acid, 12), 7U);      // beats
  EXPECT_EQ(u16(acid, 16), 4U);      // of quarters
  EXPECT_EQ(u16(acid, 18), 3U);      // three a bar
  EXPECT_EQ(std::bit_cast<float>(u32(acid, 20)), 126.5F);

  const std::string smpl = chunk(chunks, "smpl");
  ASSERT_EQ(smpl.size(), 36U + 24U);
  EXPECT_EQ(u32(smpl, 8), 22675U);   // ns a frame
  EXPECT_EQ(u32(smpl, 28), 1U);      // loops
  EXPECT_EQ(u32(smpl, 32), 0U);      // bytes after them
  EXPECT_EQ(u32(smpl, 40), 0U);      // forward
  EXPECT_EQ(u32(smpl, 44), 0U);      // first frame
  EXPECT_EQ(u32(smpl, 48), 44099U);  // last frame
  EXPECT_EQ(u32(smpl, 56), 0U);      // for ever
}

TEST_F(WavTempoTest, WhatIsNoLoopIsAOneShot) {
  write_audio(folder_ / "clip.wav", test::tones(1, 1000, 8000),
              {.maybe_tempo = TempoMarks{.bpm = 90, .beats = 4}});
  const Chunks chunks = chunks_of(file_of(folder_ / "clip.wav"));
  EXPECT_EQ(u32(chunk(chunks, "acid"), 0) & 1U, 1U);
  EXPECT_EQ(chunk(chunks, "smpl"), "");
}

TEST_F(WavTempoTest, SamplesAndTagsStayAsTheyAre) {
  // 24 bits mono of an odd number of frames: the data chunk ends at an odd place.
  for (const auto& [type, frames] : {std::pair{SampleType::Int24, 1001},
                                     {SampleType::Int24, 1000},
                                     {SampleType::Int16, 1},
                                     {SampleType::Float32, 77}}) {
    const Waveform sound = test::tones(1, frames, 22050);
    AudioWriterOptions options{.maybe_sample_type = type, .dither = false};
    options.tags = {{"title", "odd"}, {"comment", "{\"pipeline\": \"generate\"}"}};
    write_audio(folder_ / "plain.wav", sound, options);
    options.maybe_tempo = TempoMarks{.bpm = 90, .beats = 4, .loop = true};
    write_audio(folder_ / "marked.wav", sound, options);
    const Chunks plain = chunks_of(file_of(folder_ / "plain.wav"));
    const Chunks marked = chunks_of(file_of(folder_ / "marked.wav"));
    EXPECT_EQ(chunk(marked, "data"), chunk(plain, "data"));
    EXPECT_EQ(u32(chunk(marked, "smpl"), 48), static_cast<uint32_t>(frames - 1));
    EXPECT_EQ(read_audio(folder_ / "marked.wav").samples,
              read_audio(folder_ / "plain.wav").samples);
    EXPECT_EQ(AudioReader(folder_ / "marked.wav").info().tags,
              AudioReader(folder_ / "plain.wav").info().tags);
  }
}

TEST_F(WavTempoTest, EndsOddDataThatLacksItsPadding) {
  const auto path = folder_ / "odd.wav";
  write_text_file(path, test::wav_bytes({.bits = 8}, std::string("\x80\x90\xA0", 3)));
  EXPECT_TRUE(detail::append_tempo_chunks(path, {.bpm = 100, .beats = 1}, 44100, 3));
  const Chunks chunks = chunks_of(file_of(path));
  EXPECT_EQ(chunk(chunks, "data").size(), 3U);
  EXPECT_EQ(chunk(chunks, "acid").size(), 24U);
  EXPECT_EQ(count_frames(path), 3);
}

TEST_F(WavTempoTest, LeavesOtherFilesAlone) {
  std::string rf64 = test::wav_bytes({}, std::string(20, '\x01'));
  rf64.replace(0, 4, "RF64");
  for (const std::string& bytes : {rf64, std::string("fLaC"), std::string("RI"), std::string()}) {
    const auto path = folder_ / "other.wav";
    write_text_file(path, bytes);
    EXPECT_FALSE(detail::append_tempo_chunks(path, {}, 44100, 10));
    EXPECT_EQ(file_of(path), bytes);
  }
}

TEST_F(WavTempoTest, OtherFormatsHaveTheTempoAsATag) {
  write_audio(folder_ / "clip.flac", test::tones(1, 1000, 44100),
              {.maybe_tempo = TempoMarks{.bpm = 92.5, .beats = 4}});
  const AudioReader reader(folder_ / "clip.flac");
  const std::string* bpm = find_tag(reader.info().tags, "bpm");
  ASSERT_NE(bpm, nullptr);
  EXPECT_EQ(*bpm, "92.5");
}

}  // namespace
}  // namespace riffle::audio
