// SPDX-License-Identifier: GPL-3.0-or-later
// One job for every sound file of a folder: several at a time, and each file accounted for.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace riffle::cli {

struct BatchOptions {
  std::string audio_dir;
  std::string output_dir;
  std::string pattern = "*";
  bool recursive = false;
  int64_t limit = -1;   // files; -1: all
  int num_threads = 0;  // files at a time; 0: as many as compute threads
};

// --audio-dir, --output-dir (also by place), --glob, --recursive, --limit, --num-threads.
void add_batch_options(CLI::App& app, BatchOptions& options);

// What became of a file.
struct BatchResult {
  enum class Outcome { Written, Present, Skipped, Failed };
  Outcome outcome = Outcome::Written;
  std::vector<std::filesystem::path> outputs;  // written or found present
  std::string reason;                          // of a file skipped or failed
};

struct BatchFile {
  std::filesystem::path path;
  // Where its results go, without ending: the output folder, the folders between --audio-dir and
  // the file, the file's stem. The folder exists.
  std::filesystem::path output_stem;
};

// Called from several threads. May throw: the file then counts as failed, with the exception's
// message as the reason.
using BatchWork = std::function<BatchResult(const BatchFile& file, const Job& job)>;

// Runs `work` on every file that --glob matches, prints a line a file and the totals. Files whose
// ending is not that of a sound file are skipped (unless --glob was given: then all it matches
// count), and so are files that would write what another file of the same stem writes. Throws,
// after the last file, an Error with the code of the first failure; Error{Cancelled} as soon as the
// files begun have noticed.
void run_batch(const BatchOptions& options, Context& context, const BatchWork& work);

}  // namespace riffle::cli
