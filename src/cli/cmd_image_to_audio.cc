// SPDX-License-Identifier: GPL-3.0-or-later
// riffle image-to-audio: spectrogram pictures as one sound.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "audio/compat_decoder.h"
#include "audio/spectrogram_decoder.h"
#include "cli/codec_options.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/mel_queue.h"
#include "cli/options.h"
#include "cli/picture_sources.h"
#include "cli/sound_spool.h"
#include "cli/write_sound.h"
#include "core/error.h"
#include "core/log.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> words;  // by place: pictures, then the sound unless --audio names it
  std::vector<std::string> images;
  std::string audio;
  bool best = false;
  bool compat = false;
  int iterations = audio::DecodeOptions{}.iterations;
  uint64_t seed = 0;
  double target_lufs = audio::NormalizeOptions{}.target_lufs;
  bool keep_loudness = false;
  std::string bits = "16";
  CodecOptions codec{audio::SpectrogramParams{}, "the picture's"};
};

struct Request {
  std::vector<std::string> pictures;
  fs::path audio;
};

Request request_of(const Options& options) {
  Request request{options.words, options.audio};
  if (request.audio.empty()) {
    if (request.pictures.empty()) {
      throw Error(ErrorCode::InvalidArgument, "no sound to write was named",
                  "for example: riffle image-to-audio clip.png clip.wav");
    }
    request.audio = request.pictures.back();
    request.pictures.pop_back();
  }
  request.pictures.insert(request.pictures.end(), options.images.begin(), options.images.end());
  if (request.pictures.empty()) {
    throw Error(ErrorCode::InvalidArgument, "no picture to read was named",
                "for example: riffle image-to-audio clip.png clip.wav");
  }
  return request;
}

// One stream through all pictures: the decoder joins them without a seam.
void decode_best(const PictureSources& sources, const Options& options, SoundSpool& spool,
                 const Job& job) {
  const audio::DecodeOptions decode{.iterations = options.iterations, .seed = options.seed};
  audio::SpectrogramDecoder decoder(sources.params(), decode);
  const bool is_short = sources.frames() <= decode.block_frames;
  const Job inner = is_short ? job : Job{job.stop, {}};
  MelQueue queue;
  int64_t done = 0;
  for (size_t i = 0; i < sources.count(); ++i) {
    queue.push(sources.mel(i, image::Dequantize::Centered, true, inner));
    while (queue.frames() > 0) {
      job.check();
      const auto mel = queue.take(std::min<int64_t>(queue.frames(), decode.block_frames));
      spool.add(decoder.push(mel, inner));
      done += mel.frames;
      if (!is_short) job.report("decode", done, sources.frames());
    }
  }
  spool.add(decoder.finish(inner));
}

// Each picture by itself and one after the other, as the original's clips would be played.
void decode_compat(const PictureSources& sources, const Options& options, SoundSpool& spool,
                   const Job& job) {
  const audio::CompatDecodeOptions decode{.seed = options.seed};
  for (size_t i = 0; i < sources.count(); ++i) {
    job.check();
    const Job inner = sources.count() == 1 ? job : Job{job.stop, {}};
    const auto mel = sources.mel(i, image::Dequantize::Exact, false, inner);
    spool.add(audio::decode_spectrogram_compat(mel, sources.params(), decode, inner));
    if (sources.count() > 1) {
      job.report("pictures", static_cast<int64_t>(i) + 1, static_cast<int64_t>(sources.count()));
    }
  }
}

audio::SampleType sample_type_of(const std::string& bits) {
  if (bits == "16") return audio::SampleType::Int16;
  return bits == "24" ? audio::SampleType::Int24 : audio::SampleType::Float32;
}

WriteSoundOptions write_options(const Options& options, const PictureSources& sources,
                                const fs::path& path) {
  WriteSoundOptions write;
  const std::string ending = lower_ending(path);
  // 16 bits unless asked: what every program reads, and far finer than the picture's 255 levels.
  if (ending == ".wav" || ending == ".flac")
    write.writer.maybe_sample_type = sample_type_of(options.bits);
  if (options.compat) {
    write.writer.dither = false;
  } else if (!options.keep_loudness) {
    write.maybe_target_lufs = options.target_lufs;
  } else if (!sources.calibrated()) {
    log::warn("the pictures do not say how loud they are: --keep-loudness goes by a guess");
  }
  return write;
}

void report(const fs::path& path, const WrittenSound& sound, const PictureSources& sources,
            const Options& options, Context& context) {
  const double duration_s =
      static_cast<double>(sound.frames) / static_cast<double>(sources.params().sample_rate);
  context.out.line("{} ({:.3f} s, {} Hz, {}, {:.1f} LUFS)", path.string(), duration_s,
                   sound.sample_rate, sound.channels == 1 ? "mono" : "stereo",
                   sound.loudness.integrated_lufs);
  OrderedJson images = OrderedJson::array();
  for (size_t i = 0; i < sources.count(); ++i) images.push_back(sources.path(i).string());
  context.out.document() = {{"audio", path.string()},
                            {"images", std::move(images)},
                            {"mode", options.compat ? "compat" : "best"},
                            {"seed", options.seed},
                            {"frames", sound.frames},
                            {"duration_s", duration_s},
                            {"sample_rate", sound.sample_rate},
                            {"channels", sound.channels},
                            {"gain_db", sound.gain_db},
                            {"limited", sound.limited},
                            {"loudness_lufs", sound.loudness.integrated_lufs},
                            {"true_peak_dbtp", sound.loudness.true_peak_dbtp},
                            {"notes", sound.notes}};
}

void run(const Options& options, Context& context) {
  const Request request = request_of(options);
  warn_that_device_is_unused(context.globals);
  require_writable_sound(request.audio);
  const PictureSources sources(expand_pictures(request.pictures), options.codec, context.job);
  const WriteSoundOptions write = write_options(options, sources, request.audio);
  log::info("{} columns of {} rows in {} pictures, {} to {} Hz", sources.frames(),
            sources.params().num_frequencies, sources.count(), sources.params().min_frequency,
            sources.params().max_frequency);
  SoundSpool spool(sources.params().channels(), sources.params().sample_rate,
                   request.audio.parent_path());
  if (options.compat) {
    decode_compat(sources, options, spool, context.job);
  } else {
    decode_best(sources, options, spool, context.job);
  }
  const WrittenSound sound = write_sound(request.audio, spool, write, context.job);
  report(request.audio, sound, sources, options, context);
}

}  // namespace

Action add_image_to_audio(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("files", options->words,
                 "Pictures, folders of them or patterns, in this order; then the sound to write")
      ->type_name(kFileType);
  app.add_option("--image", options->images, "Pictures, as above")->type_name(kFileType);
  app.add_option("--audio", options->audio, "Sound to write: .wav .flac .mp3 .ogg .opus .m4a")
      ->type_name(kFileType);
  CLI::Option* compat =
      app.add_flag("--compat", options->compat, "Decode as Riffusion does, its flaws included");
  app.add_flag("--best", options->best, "Decode as well as possible; the default")
      ->excludes(compat);
  app.add_option("--iterations", options->iterations, "Rounds of phase retrieval")
      ->type_name("N")
      ->check(between(1, 10000))
      ->capture_default_str()
      ->excludes(compat);
  app.add_option("--seed", options->seed, "Of the random start; the same seed gives the same sound")
      ->type_name("N")
      ->capture_default_str();
  add_choice(app, "--bits", options->bits, {"16", "24", "32f"},
             "Sample format of wav and flac files (32f: wav only)");
  CLI::Option* loudness =
      app.add_option("--loudness", options->target_lufs, "Loudness of the result (EBU R128)")
          ->type_name("LUFS")
          ->check(between(-60, 0))
          ->capture_default_str()
          ->excludes(compat);
  app.add_flag("--keep-loudness", options->keep_loudness,
               "As loud as the sound the pictures were made of")
      ->excludes(loudness)
      ->excludes(compat);
  options->codec.add_to(app);
  options->codec.add_sample_rate(app, "the picture's");
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
