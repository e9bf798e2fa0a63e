// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>

#include "audio/audio_reader.h"
#include "audio/resample.h"
#include "core/error.h"
#include "pipelines/chroma_rows.h"
#include "pipelines/headroom.h"
#include "pipelines/render.h"
#include "pipelines/sound_file.h"

namespace riffle::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostTracks = 32;

void require_few(size_t tracks) {
  if (tracks <= kMostTracks) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("a mix of {} tracks: expected at most {}", tracks, kMostTracks));
}

std::vector<ComposeTrack> tracks_of_folder(const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: there is no such folder", folder));
  }
  std::vector<ComposeTrack> tracks;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    try {
      const audio::AudioReader reader(entry.path());
    } catch (const Error& error) {
      if (error.code() == ErrorCode::BadFile) continue;  // a text beside the recordings
      throw;
    }
    ComposeTrack track;
    track.name = plain_name(entry.path().stem().string());
    track.style.like = entry.path().string();
    tracks.push_back(std::move(track));
  }
  if (tracks.empty()) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: there is no recording in it", folder));
  }
  std::ranges::sort(tracks, {}, [](const ComposeTrack& track) { return track.style.like; });
  return tracks;
}

std::vector<ComposeTrack> tracks_of(const ComposeRequest& request) {
  if (request.plan.empty() == request.refs.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                request.plan.empty() ? "there is nothing to compose from"
                                     : "the tracks were given as a plan and as a folder",
                "give a plan (--plan plan.json) or a folder of recordings (--refs)");
  }
  std::vector<ComposeTrack> tracks;
  if (!request.refs.empty()) {
    tracks = tracks_of_folder(request.refs);
  } else if (request.plan.find('{') != std::string::npos) {
    tracks = tracks_of_plan(parse_json(request.plan, "plan"));
  } else {
    tracks = tracks_of_plan(read_json_file(request.plan));
  }
  require_few(tracks.size());
  return tracks;
}

// What was left open.
void settle(std::vector<ComposeTrack>& tracks, int64_t seed) {
  for (size_t i = 0; i < tracks.size(); ++i) {
    ComposeTrack& track = tracks[i];
    if (!track.seed) {
      track.seed = static_cast<int64_t>(seed_of(seed, static_cast<int64_t>(i)));
    }
    if (track.name.empty()) {
      track.name =
          plain_name(track.style.prompt.empty() ? fs::path(track.style.like).stem().string()
                                                : track.style.prompt);
    }
    if (track.name.empty()) track.name = "track";
  }
}

// Steps of one track as steps of all of them, which have as many each.
Job track_of_job(const Job& job, size_t track, size_t tracks) {
  return {job.stop, [&job, track, tracks](const Progress& progress) {
            if (progress.stage != "diffuse") return;
            job.report("compose", static_cast<int64_t>(track) * progress.total + progress.done,
                       static_cast<int64_t>(tracks) * progress.total);
          }};
}

// The stems go along, so that they still add up to the mix.
void keep_below_full_scale(Clip& clip) {
  const float peak = peak_of(clip.sound);
  if (peak <= 1) return;
  const double gain_db = -20 * std::log10(double{peak}) - 0.3;
  change_level(clip.sound, gain_db);
  for (ClipPart& part : clip.parts) change_level(part.sound, gain_db);
  clip.notes.push_back(
      fmt::format("the mix and its stems were made {:.1f} dB softer: its peaks were above full "
                  "scale",
                  -gain_db));
}

}  // namespace

std::string plain_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
    if (name.size() >= 32) break;
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

void ComposeTrack::visit(FieldVisitor& v) {
  v.field(name, {.name = "name", .help = "What its file is called", .absent = "the prompt"});
  style.visit(v);
  v.field(gain_db, {.name = "gain_db",
                    .help = "How loud it stands in the mix",
                    .unit = "dB",
                    .minimum = -60,
                    .maximum = 24});
  v.field(seed, {.name = "seed",
                 .help = "Of this stem",
                 .minimum = 0,
                 .maximum = 4294967295.0,
                 .absent = "the request's, and one more for every track"});
}

std::vector<ComposeTrack> tracks_of_plan(const Json& plan) {
  if (!plan.is_object() || !plan.contains("tracks") || !plan.at("tracks").is_array() ||
      plan.at("tracks").empty()) {
    throw Error(ErrorCode::InvalidArgument, "plan: expected an object with a list of tracks",
                R"(for example {"tracks": [{"prompt": "drums"}, {"prompt": "slap bass"}]})");
  }
  require_few(plan.at("tracks").size());
  std::vector<ComposeTrack> tracks;
  for (const Json& json : plan.at("tracks")) {
    tracks.push_back(
        request_from_json<ComposeTrack>(json, fmt::format("plan: track {}", tracks.size() + 1)));
    tracks.back().name = plain_name(tracks.back().name);
  }
  return tracks;
}

OrderedJson plan_of(const std::vector<ComposeTrack>& tracks) {
  OrderedJson list = OrderedJson::array();
  for (const ComposeTrack& track : tracks) list.push_back(request_to_json(track));
  return {{"tracks", std::move(list)}};
}

void ComposeRequest::visit(FieldVisitor& v) {
  v.field(plan, {.name = "plan",
                 .help = "The tracks in their order: a JSON file, or its text",
                 .absent = "one track a recording of refs",
                 .is_plan = true});
  v.field(refs, {.name = "refs",
                 .help = "A folder of recordings the tracks are to sound like",
                 .absent = "the plan's",
                 .is_folder = true});
  v.field(context, {.name = "context",
                    .help = "Music that is there already",
                    .absent = "none",
                    .is_file = true});
  length.visit(v);
  visit_chords(v, chords);
  v.field(stereo, {.name = "stereo",
                   .help = "How far the two channels differ; 0 is mono",
                   .minimum = 0,
                   .maximum = 1,
                   .absent = "the model's, usually 0.4"});
  visit_best_of(v, best_of);
  sampling.visit(v);
}

void ComposeRequest::check() const {
  length.check();
  chords_of_field(chords, length.bpm);
  tracks_of(*this);
}

std::vector<Clip> compose(BandModel& model, ComposeRequest request, const RunContext& context) {
  std::vector<ComposeTrack> tracks = tracks_of(request);
  settle(request.sampling, model);
  settle(tracks, request.sampling.seed);
  if (!request.best_of) request.best_of = model.defaults().best_of;
  const BandShape shape{.stereo = request.stereo.value_or(model.defaults().stereo)};
  StemCodec& codec = model.codec();
  const int rate = codec.sample_rate();
  const Job quiet{context.job.stop, {}};
  RunContext inner = context;
  Clip clip;
  clip.role = ClipRole::Mix;
  int64_t samples = request.length.samples(rate, model.window() * codec.samples_per_column());
  if (!request.context.empty()) {
    const SoundFile file = read_sound_file(request.context, quiet);
    add_notes(clip.notes, file.notes);
    samples = std::max<int64_t>(
        1, audio::resampled_frames(file.sound.frames(), file.sound.sample_rate, rate));
    clip.sound = at_rate(file.sound, rate, samples, quiet);
  }
  const at::Tensor told =
      chroma_of_chords(model, request.chords, request.length.bpm, request.length.beats_per_bar,
                       samples, shape, clip.notes);
  for (size_t i = 0; i < tracks.size(); ++i) {
    const ComposeTrack& track = tracks[i];
    inner.job = track_of_job(context.job, i, tracks.size());
    BandPiece piece{.samples = samples,
                    .seed = static_cast<uint64_t>(*track.seed),
                    .best_of = *request.best_of};
    piece.style = style_of(model, track.style, clip.notes, quiet);
    double gain_db = 0;
    if (clip.sound.channels() > 0) {
      gain_db = listening_gain_db(clip.sound);
      piece.context =
          context_of_sound(model, heard(model, clip.sound, samples, gain_db, quiet), shape, quiet);
    }
    if (told.defined()) piece.context.chroma = told;
    PlayedStem stem = play(model, piece, shape, request.sampling, inner);
    for (const std::string& note : stem.notes) clip.notes.push_back(track.name + ": " + note);
    change_level(stem.sound, track.gain_db - gain_db);
    clip.sound = clip.sound.channels() > 0 ? mixed_sound(clip.sound, stem.sound) : stem.sound;
    clip.parts.push_back({fmt::format("{}-{}", i + 1, track.name), std::move(stem.sound),
                          ClipRole::Stem, track.name});
  }
  keep_below_full_scale(clip);
  clip.picture = picture_of_sound(clip.sound, context.job);
  request.refs.clear();
  request.plan = plan_of(tracks).dump();
  clip.request = request_record("compose", model, request_to_json(request));
  clip.maybe_bpm = request.length.bpm;
  clip.beats = request.length.beats(samples, rate);
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

}  // namespace riffle::pipelines
