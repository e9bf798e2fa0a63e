// SPDX-License-Identifier: GPL-3.0-or-later
// How long image-to-audio takes in one process, where the time goes, and how close the sound comes
// to its picture.
//   codec_bench [--repeats N] [PICTURE...]   one line a picture; without pictures, one made of a
//   synthetic tune codec_bench --judge PICTURE SOUND        only the closeness of another program's
//   sound codec_bench --make PICTURE               only writes the synthetic tune's picture
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "audio/audio_writer.h"
#include "audio/loudness.h"
#include "audio/read_audio.h"
#include "audio/spectrogram_decoder.h"
#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "core/json.h"
#include "core/parallel.h"
#include "image/picture_file.h"
#include "image/spectrogram_picture.h"

namespace {

using namespace riffle;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

audio::SpectrogramParams params_of(const image::Picture& picture) {
  audio::SpectrogramParams params;
  params.num_frequencies = picture.height;
  // Stereo pictures have an empty red plane.
  params.stereo = true;
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    if (picture.rgb[i] != 0) params.stereo = false;
  }
  return params;
}

// |mel(sound) - picture| / |picture| with the gain fitted: spectral convergence.
double convergence(const audio::Waveform& sound, const audio::MelSpectrogram& target,
                   const audio::SpectrogramParams& params) {
  const auto mel = audio::encode_spectrogram(sound, params);
  const int64_t frames = std::min(mel.frames, target.frames);
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (int c = 0; c < target.channels; ++c) {
    for (int64_t t = 0; t < frames; ++t) {
      for (size_t m = 0; m < static_cast<size_t>(target.rows); ++m) {
        const double a = mel.frame(c, t)[m];
        const double b = target.frame(c, t)[m];
        ab += a * b;
        aa += a * a;
        bb += b * b;
      }
    }
  }
  // min over g of |g a - b|^2 = |b|^2 - (a.b)^2 / |a|^2
  return aa > 0 && bb > 0 ? std::sqrt(std::max(0.0, 1 - ab * ab / (aa * bb))) : 1.0;
}

struct Run {
  double total_s = 0;
  audio::PhaseRetrieval::Timing stages;
};

Run image_to_audio(const std::filesystem::path& picture_file,
                   const std::filesystem::path& sound_file) {
  const auto start = Clock::now();
  const image::Picture picture = image::read_picture(picture_file);
  const auto params = params_of(picture);
  audio::SpectrogramDecoder decoder(params, {});
  audio::Waveform sound = decoder.push(image::mel_from_picture(picture, params));
  const audio::Waveform rest = decoder.finish();
  for (size_t c = 0; c < rest.samples.size(); ++c) {
    sound.samples[c].insert(sound.samples[c].end(), rest.samples[c].begin(), rest.samples[c].end());
  }
  audio::normalize_loudness(sound);
  audio::write_audio(sound_file, sound);
  return {seconds_since(start), decoder.retrieval().timing()};
}

void make_picture(const std::filesystem::path& path) {
  audio::Waveform sound{44100, {std::vector<float>(225351)}};
  for (size_t i = 0; i < sound.samples[0].size(); ++i) {
    const double t = static_cast<double>(i) / 44100;
    const double since = std::fmod(t, 0.25);
    const double f = 110 * std::pow(2.0, std::fmod(std::floor(t / 0.25) * 7, 12) / 12);
    double v = 0;
    for (int h = 1; h <= 12; ++h)
      v += std::sin(6.283185307179586 * f * h * t + h) / h * std::exp(-4 * since);
    sound.samples[0][i] = static_cast<float>(0.2 * v * std::min(1.0, since * 200));
  }
  image::write_picture(path, image::picture_from_mel(audio::encode_spectrogram(sound, {}), {}));
}

OrderedJson measure(const std::filesystem::path& picture_file, int repeats,
                    const std::filesystem::path& folder) {
  std::vector<Run> runs;
  for (int i = 0; i < repeats + 1; ++i)
    runs.push_back(image_to_audio(picture_file, folder / "sound.wav"));
  runs.erase(runs.begin());  // warm-up
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.total_s < b.total_s; });
  const Run& median = runs[runs.size() / 2];
  const image::Picture picture = image::read_picture(picture_file);
  const auto params = params_of(picture);
  const double closeness = convergence(audio::read_audio(folder / "sound.wav", {}),
                                       image::mel_from_picture(picture, params), params);
  return {{"picture", picture_file.string()},
          {"threads", thread_count()},
          {"total_s", median.total_s},
          {"fastest_s", runs.front().total_s},
          {"inverse_mel_s", median.stages.inverse_mel_s},
          {"phase_gradient_s", median.stages.phase_gradient_s},
          {"iterate_s", median.stages.iterate_s},
          {"fft_s", median.stages.fft_s},
          {"fft_share", median.stages.fft_s / median.total_s},
          {"convergence", closeness}};
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[0] == "--judge") {
    const image::Picture picture = image::read_picture(words[1]);
    const auto params = params_of(picture);
    fmt::print("{:.4f}\n", convergence(audio::read_audio(words[2], {}),
                                       image::mel_from_picture(picture, params), params));
    return 0;
  }
  if (words.size() == 2 && words[0] == "--make") {
    make_picture(words[1]);
    return 0;
  }
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("riffle-bench-{}", Clock::now().time_since_epoch().count());
  std::filesystem::create_directories(folder);
  int repeats = 5;
  std::vector<std::filesystem::path> pictures;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--repeats" && i + 1 < words.size()) {
      repeats = std::max(1, std::stoi(words[++i]));
    } else {
      pictures.emplace_back(words[i]);
    }
  }
  if (pictures.empty()) {
    pictures.push_back(folder / "tune.png");
    make_picture(pictures[0]);
  }
  for (const auto& picture : pictures) {
    fmt::print("{}\n", measure(picture, repeats, folder).dump());
    std::fflush(stdout);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& e) {
    fmt::print(stderr, "codec_bench: {}\n", e.what());
    return exit_status(e.code());
  }
}
