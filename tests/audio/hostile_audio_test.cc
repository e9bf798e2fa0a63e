// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are broken, lie about themselves or are no sound at all: each gives a clear error, or
// what there is of it together with a note.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "audio/audio_reader.h"
#include "audio/audio_writer.h"
#include "audio/read_audio.h"
#include "audio/test_signals.h"
#include "audio/wav_bytes.h"
#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

using riffle::test::TemporaryFolder;
using ::testing::HasSubstr;

const std::string kSamples = test::bytes_of(std::vector<int16_t>(1000, 1234));

TEST(HostileAudio, WhatIsNoSoundIsRefused) {
  struct Case {
    const char* name;
    std::string content;
    const char* message;
  };
  const std::vector<Case> cases = {
      {"empty.wav", "", "the file is empty"},
      {"empty.mp3", "", "the file is empty"},
      {"text.wav", "This is not a sound file, though its name says so.\n", "text.wav"},
      {"text.mp3", std::string(5000, 'a'), "text.mp3"},
      {"picture.png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16), "picture.png"},
      {"magic.flac", "fLaC", "magic.flac"},
      {"magic.ogg", std::string("OggS\0\2\0\0", 8), "magic.ogg"},
      {"half_header.wav", test::wav_bytes({}, kSamples).substr(0, 30), "half_header.wav"},
      {"no_frames.wav", test::wav_bytes({}, ""), "holds no sound"},
      {"no_channels.wav", test::wav_bytes({.channels = 0}, kSamples), "no_channels.wav"},
      {"65_channels.wav", test::wav_bytes({.channels = 65}, kSamples), "65 channels"},
      {"many_channels.wav", test::wav_bytes({.channels = 65535}, kSamples), "65535 channels"},
      {"no_rate.wav", test::wav_bytes({.sample_rate = 0}, kSamples), "no_rate.wav"},
      {"slow.wav", test::wav_bytes({.sample_rate = 999}, kSamples), "999 Hz"},
      {"fast.wav", test::wav_bytes({.sample_rate = 768001}, kSamples), "768001 Hz"},
      {"faster.wav", test::wav_bytes({.sample_rate = 0xFFFFFFFF}, kSamples), "faster.wav"},
      {"unknown_codec.wav", test::wav_bytes({.format = 0x4242}, kSamples), "unknown_codec.wav"},
  };
  TemporaryFolder folder;
  for (const Case& c : cases) {
    write_text_file(folder / c.name, c.content);
    EXPECT_RIFFLE_ERROR(AudioReader(folder / c.name), ErrorCode::BadFile, c.message);
  }
  EXPECT_RIFFLE_ERROR(AudioReader(folder / "none.wav"), ErrorCode::NotFound, "none.wav");
  EXPECT_RIFFLE_ERROR(AudioReader(folder.path()), ErrorCode::BadFile, "folder");
}

// A file is read, never what it points to.
TEST(HostileAudio, PlaylistsOpenNothing) {
  TemporaryFolder folder;
  write_audio(folder / "secret.wav", test::tones(1, 50000, 44100));
  const std::string secret = (folder / "secret.wav").string();
  struct Case {
    const char* name;
    std::string content;
  };
  for (const Case& c :
       {Case{"a.m3u8",
             "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n" + secret + "\n#EXT-X-ENDLIST\n"},
        Case{"b.m3u8",
             "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nsecret.wav\n#EXT-X-ENDLIST\n"},
        Case{"c.ffconcat", "ffconcat version 1.0\nfile secret.wav\n"},
        Case{"d.ffconcat", "ffconcat version 1.0\nfile '" + secret + "'\n"},
        Case{"e.mpd",
             "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period>"
             "<AdaptationSet contentType=\"audio\"><Representation id=\"1\"><BaseURL>" +
                 secret + "</BaseURL></Representation></AdaptationSet></Period></MPD>"},
        Case{"f.sdp",
             "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
             "m=audio 5004 RTP/AVP 0\n"}}) {
    write_text_file(folder / c.name, c.content);
    EXPECT_RIFFLE_ERROR(AudioReader(folder / c.name), ErrorCode::BadFile, c.name);
  }
}

// Half a file gives about half the sound, and says so.
TEST(HostileAudio, TruncatedFilesGiveWhatIsThere) {
  TemporaryFolder folder;
  const Waveform sound = test::tones(2, 200000, 44100);
  for (const char* name : {"a.wav", "a.flac", "a.mp3", "a.m4a"}) {
    write_audio(folder / name, sound);
    const std::string whole = read_text_file(folder / name, 1 << 24);
    write_text_file(folder / name, whole.substr(0, whole.size() / 2));
    AudioReader reader(folder / name);
    const Waveform read = read_audio(reader);
    EXPECT_TRUE(reader.truncated()) << name;
    EXPECT_GT(read.frames(), 70000) << name;
    EXPECT_LT(read.frames(), 130000) << name;
    ASSERT_FALSE(reader.notes().empty()) << name;
    EXPECT_THAT(reader.notes()[0], HasSubstr("breaks off")) << name;
    const std::vector<float> begin(sound.samples[1].begin(),
                                   sound.samples[1].begin() + read.frames());
    EXPECT_GT(test::correlation(read.samples[1], begin), 0.99) << name;
    EXPECT_EQ(reader.skip(1 << 30), 0) << name;
    // Skipping beyond what is there ends where reading ends.
    AudioReader skipping(folder / name);
    EXPECT_EQ(skipping.skip(190000), read.frames()) << name;
    EXPECT_EQ(count_frames(folder / name), read.frames()) << name;
  }
}

TEST(HostileAudio, OggThatBreaksOffGivesWhatIsThere) {
  TemporaryFolder folder;
  for (const char* name : {"a.ogg", "a.opus"}) {
    write_audio(folder / name, {48000, test::tones(2, 400000, 48000).samples});
    const std::string whole = read_text_file(folder / name, 1 << 24);
    write_text_file(folder / name, whole.substr(0, whole.size() / 2));
    const int64_t frames = read_audio(folder / name).frames();
    EXPECT_GT(frames, 100000) << name;
    EXPECT_LT(frames, 300000) << name;
  }
}

TEST(HostileAudio, HeadersThatPromiseTooMuch) {
  TemporaryFolder folder;
  for (const int64_t size : {int64_t{0xFFFF0000}, int64_t{0x70000000}, int64_t{4000}}) {
    write_text_file(folder / "a.wav",
                    test::wav_bytes({.riff_size = size + 36, .data_size = size}, kSamples));
    AudioReader reader(folder / "a.wav");
    EXPECT_FALSE(reader.info().frames_exact);
    EXPECT_LT(reader.info().frames, 1100);  // what fits into the file, header counted
    EXPECT_EQ(read_audio(reader).frames(), 1000);
    EXPECT_TRUE(reader.truncated());
    EXPECT_EQ(count_frames(folder / "a.wav"), 1000);
  }
  // What programs write that cannot go back to the header.
  for (const int64_t size : {int64_t{0xFFFFFFFF}, int64_t{0xFFFFFFDB}, int64_t{0x7FFFF000},
                             int64_t{0x7FFFFFFF}, int64_t{0}}) {
    write_text_file(folder / "b.wav",
                    test::wav_bytes({.riff_size = size, .data_size = size}, kSamples));
    AudioReader reader(folder / "b.wav");
    EXPECT_EQ(read_audio(reader).frames(), 1000);
    EXPECT_FALSE(reader.truncated());
  }
}

TEST(HostileAudio, DamageInTheMiddleIsLeftOut) {
  TemporaryFolder folder;
  for (const char* name : {"a.flac", "a.mp3", "a.ogg", "a.m4a"}) {
    write_audio(folder / name, test::tones(2, 400000, 44100));
    std::string bytes = read_text_file(folder / name, 1 << 24);
    const auto dirt = test::noise(3000, 127, 5);
    for (size_t i = 0; i < dirt.size(); ++i) {
      bytes[bytes.size() / 2 + i] = static_cast<char>(dirt[i]);
    }
    write_text_file(folder / name, bytes);
    AudioReader reader(folder / name);
    const Waveform read = read_audio(reader);
    EXPECT_GT(read.frames(), 300000) << name;
    EXPECT_LT(read.frames(), 410000) << name;
    for (const auto& channel : read.samples) EXPECT_TRUE(std::isfinite(test::peak(channel)));
  }
}

// Any single byte changed, any length: an Error or a sound, never a crash. (The fuzz target goes
// further.)
TEST(HostileAudio, EveryPrefixAndEveryChangedByte) {
  TemporaryFolder folder;
  for (const char* name : {"a.wav", "a.flac", "a.mp3", "a.ogg", "a.opus", "a.m4a"}) {
    // Ogg's pages have checksums: there must be some for one to be lost.
    const int64_t frames = std::string(name).starts_with("a.o") ? 60000 : 1500;
    write_audio(folder / name, test::tones(2, frames, 48000));
    const std::vector<uint8_t> whole = riffle::read_file(folder / name, 1 << 24);
    int readable = 0;
    const auto attempt = [&](std::vector<uint8_t> bytes) {
      try {
        AudioReader reader(std::move(bytes), name);
        while (reader.read(4096).frames() > 0 && reader.position() < 1000000) {
        }
        ++readable;
      } catch (const Error& e) {
        EXPECT_EQ(name_of(e.code()), name_of(ErrorCode::BadFile)) << e.what();
      }
    };
    const size_t step = std::max<size_t>(whole.size() / 60, 1);
    for (size_t size = 1; size < whole.size(); size += step) {
      attempt({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    }
    for (size_t i = 0; i < whole.size(); i += i < 300 ? 3 : step) {
      std::vector<uint8_t> changed = whole;
      changed[i] ^= 0xFF;
      attempt(std::move(changed));
    }
    EXPECT_GT(readable, 0) << name;
  }
}

}  // namespace
}  // namespace riffle::audio
