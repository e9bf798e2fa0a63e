// SPDX-License-Identifier: GPL-3.0-or-later
// riffle sample-clips-batch: clips from random places of every sound file of a folder.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audio/audio_reader.h"
#include "audio/read_audio.h"
#include "audio/sample_clips.h"
#include "cli/batch.h"
#include "cli/clip_options.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/options.h"
#include "core/error.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  BatchOptions batch;
  ClipOptions clips;
};

// Each file draws from a generator of its own, so that its clips depend on the seed and its name
// but neither on the other files nor on which thread comes first. FNV-1a of the name, mixed with
// the seed.
uint32_t seed_of_file(int64_t seed, std::string_view name) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  hash = (hash ^ static_cast<uint64_t>(seed)) * 1099511628211ULL;
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

// Clips that earlier runs have left in the output folder, by path without place, length and ending:
// "clips/song_0" -> "clips/song_0_start_15795_ms_dur_5120_ms.mp3". Only those of the length and
// kind asked for.
using ClipIndex = std::map<fs::path, fs::path>;

ClipIndex index_clips(const Options& options) {
  ClipIndex index;
  std::error_code ec;
  if (!fs::is_directory(options.batch.output_dir, ec)) return index;
  const auto pattern = fmt::format("*_start_[0-9]*_ms_dur_{}_ms.{}", options.clips.duration_ms,
                                   options.clips.extension);
  for (const auto& path : list_files(options.batch.output_dir, pattern, options.batch.recursive)) {
    const std::string name = path.filename().string();
    index[path.parent_path() / name.substr(0, name.rfind("_start_"))] = path;
  }
  return index;
}

// The clips of a file if there is one of every number, newer than the sound. Their places do not
// matter: with chance as the seed they cannot be known.
std::optional<std::vector<fs::path>> finished_clips(const ClipIndex& index, const Options& options,
                                                    const BatchFile& file) {
  std::vector<fs::path> clips;
  for (int i = 0; i < options.clips.clips; ++i) {
    const auto found = index.find(fmt::format("{}_{}", file.output_stem.string(), i));
    if (found == index.end()) return std::nullopt;
    if (fs::last_write_time(found->second) < fs::last_write_time(file.path)) return std::nullopt;
    clips.push_back(found->second);
  }
  return clips;
}

// All clips of a file or none: a file that was interrupted is not taken for finished, and leaves no
// clips beside those that it gets the next time.
std::vector<fs::path> cut_all(const fs::path& sound, const fs::path& folder,
                              const std::vector<audio::ClipPlan>& plan, bool mono, const Job& job) {
  try {
    return audio::cut_clips(sound, folder, plan, {.mono = mono}, job);
  } catch (...) {
    std::error_code ec;
    for (const auto& clip : plan) fs::remove(folder / clip.file_name, ec);
    throw;
  }
}

BatchResult make_clips(const Options& options, const ClipIndex& index, const BatchFile& file,
                       const Job& job) {
  if (auto clips = finished_clips(index, options, file)) {
    return {BatchResult::Outcome::Present, std::move(*clips), {}};
  }
  const audio::AudioReader reader(file.path);
  const int rate = reader.info().sample_rate;
  const int64_t frames = audio::count_frames(file.path, job);
  const int64_t needed = options.clips.duration_ms * rate / 1000;
  if (frames < needed) {
    return {BatchResult::Outcome::Skipped,
            {},
            fmt::format("{:.3f} s long, a clip takes {:.3f} s", static_cast<double>(frames) / rate,
                        static_cast<double>(options.clips.duration_ms) / 1000)};
  }
  auto plan_options = options.clips.plan_options();
  plan_options.stem = file.output_stem.filename().string();
  if (options.clips.seed >= 0) {
    const auto name = file.path.lexically_relative(options.batch.audio_dir).string();
    plan_options.maybe_seed = seed_of_file(options.clips.seed, name);
  }
  const auto plan = audio::plan_clips(frames, rate, plan_options);
  return {BatchResult::Outcome::Written,
          cut_all(file.path, file.output_stem.parent_path(), plan, options.clips.mono, job),
          {}};
}

void run(const Options& options, Context& context) {
  const auto relative = fs::weakly_canonical(options.batch.output_dir)
                            .lexically_relative(fs::weakly_canonical(options.batch.audio_dir));
  const bool inside = !relative.empty() && *relative.begin() != "..";
  if (relative == "." || (inside && options.batch.recursive)) {
    throw Error(
        ErrorCode::InvalidArgument,
        "the output folder lies within the sound folder: the next run would cut clips of clips",
        "choose an output folder outside it");
  }
  const ClipIndex index = index_clips(options);
  run_batch(options.batch, context, [&](const BatchFile& file, const Job& job) {
    return make_clips(options, index, file, job);
  });
}

}  // namespace

Action add_sample_clips_batch(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  add_batch_options(app, options->batch);
  options->clips.extension = "mp3";
  add_clip_options(app, options->clips, "--num-clips-per-file");
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
