// SPDX-License-Identifier: GPL-3.0-or-later
// What requests name by id - uploads, clips, seed images - as the files pipelines read.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "library/library.h"
#include "pipelines/music_model.h"

namespace riffle::server {

// What models want of a sound that is played for them.
struct SeedForm {
  int sample_rate = 0;
  int64_t window_samples = 0;  // as long, in whole bars
};

// A seed image of the folder that was given, or one of those built in.
struct SeedImage {
  std::string id = {};
  std::string title = {};
  std::optional<double> bpm = {};
  std::filesystem::path file = {};  // empty: built in
};

class Sources {
 public:
  // seed_images: a folder with ID.png, ID.jpg or sounds; may be empty.
  Sources(library::Library& library, std::filesystem::path seed_images);

  std::vector<SeedImage> seed_images() const;
  // Throws ProblemError{404}; an id that could be a path is one that is not there.
  SeedImage seed_image(const std::string& id) const;

  // The file an id stands for: "clip_...", "up_...", "seed:ID". Seed images that are built in are
  // played as long as the model's window, in whole bars. Throws ProblemError{404}.
  std::filesystem::path file_of(const std::string& id, const pipelines::Geometry& geometry);
  // The same for models that read no pictures.
  std::filesystem::path sound_of(const std::string& id, const SeedForm& form);
  // The same for latents: those of an upload, or those kept with a clip.
  std::filesystem::path latents_of(const std::string& id, const pipelines::Geometry& geometry);
  // The latents of all of a clip, where the model made them and they were kept; empty: there are
  // none.
  std::filesystem::path known_latents(const std::string& id,
                                      const pipelines::MusicModel& model) const;
  // The id alone is looked at. Throws ProblemError{400} for what is no id, {404}.
  void require(const std::string& id, const std::string& field) const;
  // Of an id that is one. Throws ProblemError{422} for an upload of another kind.
  void require_sound(const std::string& id, const std::string& field) const;
  // What people call it: a clip's title, an upload's name without its ending, a seed's title.
  std::string title_of(const std::string& id) const;

  // The sound of a seed image as a WAV file, and its picture in the model's form as a PNG.
  std::filesystem::path seed_sound(const SeedImage& seed, const pipelines::Geometry& geometry);
  std::filesystem::path seed_sound(const SeedImage& seed, const SeedForm& form);
  std::filesystem::path seed_picture(const SeedImage& seed, const pipelines::Geometry& geometry);
  // The spectrogram of any sound of the library in the model's form; made when first asked for.
  std::filesystem::path picture_of(const std::filesystem::path& sound,
                                   const pipelines::Geometry& geometry, const std::string& name);

 private:
  std::filesystem::path file_of_library(const std::string& id) const;

  library::Library& library_;
  std::filesystem::path seeds_;
  std::filesystem::path made_;  // what was made here; emptied at the start
  std::mutex making_;
};

}  // namespace riffle::server
