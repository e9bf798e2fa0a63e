// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/bench_sound.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "audio/spectrogram_decoder.h"
#include "audio/spectrogram_encoder.h"
#include "cli/model_options.h"
#include "cli/stage_clock.h"
#include "image/spectrogram_picture.h"
#include "pipelines/generate.h"

namespace riffle::cli {

audio::Waveform bench_notes(double seconds, int sample_rate) {
  audio::Waveform sound{sample_rate, {{}}};
  const auto frames = static_cast<int64_t>(seconds * sample_rate);
  for (int64_t i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / sample_rate;
    const double since = std::fmod(t, 0.25);
    const double hz = 110 * std::exp2(std::floor(t * 4) * 5 / 12 - 2 * std::floor(t * 4 * 5 / 24));
    double value = 0;
    for (int k = 1; k <= 8; ++k) value += std::sin(2 * std::numbers::pi * hz * k * since) / k;
    sound.samples[0].push_back(static_cast<float>(0.2 * value * std::exp(-6 * since)));
  }
  return sound;
}

OrderedJson bench_codec(int64_t repeats, Context& context) {
  constexpr double kSeconds = 10;
  const audio::SpectrogramParams params;
  const audio::Waveform sound = bench_notes(kSeconds, params.sample_rate);
  double encode_s = 0;
  double decode_s = 0;
  audio::PhaseRetrieval::Timing timing;
  for (int64_t i = 0; i <= repeats; ++i) {
    context.job.report("codec", i, repeats + 1);
    auto start = BenchClock::now();
    const auto mel = audio::encode_spectrogram(sound, params, Job{context.job.stop, {}});
    const auto picture = image::picture_from_mel(mel, params);
    const double encoded_s = seconds_since(start);
    start = BenchClock::now();
    const auto again =
        image::mel_from_picture(picture, params, {.dequantize = image::Dequantize::Centered});
    audio::SpectrogramDecoder decoder(params, {});
    decoder.push(again, Job{context.job.stop, {}});
    decoder.finish(Job{context.job.stop, {}});
    const double decoded_s = seconds_since(start);
    if (i == 0 || (i > 1 && encoded_s + decoded_s >= encode_s + decode_s)) continue;
    encode_s = encoded_s;
    decode_s = decoded_s;
    timing = decoder.retrieval().timing();
  }
  Output& out = context.out;
  out.line("codec, {:.0f} s of mono sound at the defaults", kSeconds);
  out.line("  to a picture  {:7.3f} s  {:6.1f} x real time", encode_s, kSeconds / encode_s);
  out.line("  to sound      {:7.3f} s  {:6.1f} x real time", decode_s, kSeconds / decode_s);
  out.line(
      "    inverse mel {:.3f} s, first phases {:.3f} s, rounds {:.3f} s, of which FFT {:.0f} %",
      timing.inverse_mel_s, timing.phase_gradient_s, timing.iterate_s,
      100 * timing.fft_s / std::max(timing.iterate_s, 1e-9));
  return {{"part", "codec"},
          {"sound_s", kSeconds},
          {"encode_s", encode_s},
          {"decode_s", decode_s},
          {"inverse_mel_s", timing.inverse_mel_s},
          {"phase_gradient_s", timing.phase_gradient_s},
          {"iterate_s", timing.iterate_s},
          {"fft_s", timing.fft_s}};
}

OrderedJson bench_generation(const BenchGeneration& options, Context& context) {
  const auto opened_at = BenchClock::now();
  const ModelOptions model_options{.model = options.model,
                                   .loras = {},
                                   .exact = options.exact,
                                   .low_memory = options.low_memory};
  const auto model = model_options.open(context.globals, context.job);
  pipelines::GenerateRequest request;
  request.prompt = "funky synth solo";
  request.sampling.seed = 1;
  request.sampling.preset = options.preset;
  StageClock clock;
  const pipelines::RunContext run{
      .job = {context.job.stop, [&](const Progress& progress) { clock.report(progress.stage); }},
      .on_preview = {},
      .on_clip = {}};
  double first_s = 0;
  double best_s = 0;
  double sound_s = 0;
  std::vector<std::pair<std::string, double>> stages;
  for (int64_t i = 0; i <= options.repeats; ++i) {
    context.job.report("e2e", i, options.repeats + 1);
    const auto start = BenchClock::now();
    clock.start();
    sound_s = pipelines::generate(*model, request, run).at(0).sound.duration_s();
    clock.report("loudness");
    const double passed_s = seconds_since(start);
    if (i == 0) first_s = seconds_since(opened_at);
    if (i == 0 || (i > 1 && passed_s >= best_s)) continue;
    best_s = passed_s;
    stages = clock.stages();
  }
  Output& out = context.out;
  out.line("e2e, {:.2f} s of music, preset {}: {:.3f} s, {:.2f} x real time; {:.3f} s with loading",
           sound_s, options.preset, best_s, sound_s / best_s, first_s);
  OrderedJson shares = OrderedJson::object();
  for (const auto& [stage, seconds] : stages) {
    out.line("  {:12} {:7.3f} s {:5.1f} %", stage, seconds, 100 * seconds / best_s);
    shares[stage] = seconds;
  }
  return {{"part", "e2e"},
          {"preset", options.preset},
          {"sound_s", sound_s},
          {"seconds", best_s},
          {"real_time", sound_s / best_s},
          {"first_seconds", first_s},
          {"stages", std::move(shares)}};
}

}  // namespace riffle::cli
