// SPDX-License-Identifier: GPL-3.0-or-later
// The library: a folder with the database and the files of clips and uploads.
//   library.db   clips/ID/audio.wav, picture.png, latents.safetensors   uploads/ID.ending
#pragma once

#include <filesystem>
#include <memory>

#include "library/clip_store.h"
#include "library/job_store.h"
#include "library/upload_store.h"

namespace riffle::library {

class Library {
 public:
  // Opens the folder, or makes it; brings the database to this program's form and removes what a
  // killed process left unfinished. One process at a time: throws Error{Unsupported} where another
  // one has it open, or where a later program made it; Error{Io}, Error{BadFile}.
  explicit Library(const std::filesystem::path& folder);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const std::filesystem::path& folder() const;
  ClipStore& clips();
  JobStore& jobs();
  UploadStore& uploads();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace riffle::library
