// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/listen.h"

#include <chrono>
#include <thread>

#include "audio/audio_stream.h"
#include "audio/read_audio.h"
#include "server/answers.h"
#include "server/clip_keeper.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kAheadS = 8;
constexpr int64_t kBlockFrames = 8192;

// The listener has gone; ends the encoder's work.
struct Gone {};

audio::Waveform slice(const audio::Waveform& sound, int64_t from, int64_t count) {
  audio::Waveform part{.sample_rate = sound.sample_rate, .samples = {}};
  for (const auto& channel : sound.samples) {
    part.samples.emplace_back(channel.begin() + from, channel.begin() + from + count);
  }
  return part;
}

class Listener {
 public:
  Listener(Sink& sink, std::string ending) : sink_(sink), ending_(std::move(ending)) {}

  void send(const audio::Waveform& sound) {
    if (stream_ == nullptr) {
      stream_ = std::make_unique<audio::AudioStream>(
          ending_, sound.sample_rate, sound.channels(), [this](std::span<const uint8_t> bytes) {
            const auto* text = reinterpret_cast<const char*>(bytes.data());
            if (!sink_.write({text, bytes.size()})) throw Gone();
          });
    }
    for (int64_t at = 0; at < sound.frames(); at += kBlockFrames) {
      const int64_t count = std::min(kBlockFrames, sound.frames() - at);
      stream_->write(slice(sound, at, count));
      sent_s_ += static_cast<double>(count) / sound.sample_rate;
      wait_for_player();
    }
  }

  void finish() {
    if (stream_ != nullptr) stream_->finish();
  }

 private:
  void wait_for_player() {
    for (;;) {
      if (!sink_.is_open()) throw Gone();
      const double played_s = std::chrono::duration<double>(Clock::now() - begun_).count();
      if (sent_s_ - played_s <= kAheadS) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  Sink& sink_;
  std::string ending_;
  std::unique_ptr<audio::AudioStream> stream_;
  Clock::time_point begun_ = Clock::now();
  double sent_s_ = 0;
};

void send_all(Sink& sink, const std::string& ending, const Listening& listening) {
  Listener listener(sink, ending);
  try {
    for (int64_t index = listening.from; sink.is_open();) {
      const auto segment = listening.segments.wait(index, std::chrono::milliseconds(500));
      if (!segment) {
        if (listening.segments.finished()) break;
        // What was forgotten meanwhile is left out.
        index = std::max(index, listening.segments.first());
        continue;
      }
      if (listening.on_segment) listening.on_segment(index);
      listener.send(audio::read_audio(listening.segments.sound_of(*segment)));
      ++index;
    }
    listener.finish();
  } catch (const Gone&) {
    // Nobody is there to be told.
  }
}

}  // namespace

std::string stream_ending(const std::string& file) {
  const auto [stem, ending] = split_ending(file);
  if (stem == "stream" && (ending == "mp3" || ending == "wav" || ending == "opus")) return ending;
  throw no_such("page", file);
}

Response listen(const std::string& ending, Listening listening) {
  Response response{.status = 200, .content_type = media_type_of(ending)};
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.producer = [ending, listening = std::move(listening)](Sink& sink) {
    send_all(sink, ending, listening);
  };
  return response;
}

}  // namespace riffle::server
