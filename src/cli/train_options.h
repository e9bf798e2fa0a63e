// SPDX-License-Identifier: GPL-3.0-or-later
// What every kind of training has in common on the command line: the run's options and its
// progress.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cli/command.h"
#include "text/word_vocabulary.h"
#include "train/process_group.h"
#include "train/trainer.h"

namespace riffle::cli {

struct TrainOptions {
  train::TrainerOptions run{};
  std::string precision = "auto";
  std::string rate_shape = "constant";
  std::string average = "power";
};

// The two positional arguments.
void add_corpus_and_out(CLI::App& app, std::string& corpus, std::string& out);
// Adds --steps, --batch, ... with `options` as their defaults.
void add_train_options(CLI::App& app, TrainOptions& options);

// The vocabulary in `folder`; where there is none, or the run begins anew, what `build` makes, kept
// there: a vocabulary that was built for a run stays with it, though the corpus may have grown.
text::WordVocabulary vocabulary_of_run(const std::filesystem::path& folder, bool restart,
                                       const std::function<text::WordVocabulary()>& build);

// --songs and --hear-only, of training on sounds that are heard first.
void add_hearing_options(CLI::App& app, int64_t& songs, bool& hear_only);

// What --hear-only tells: where the sounds lie, and how many there are.
void tell_heard(const std::filesystem::path& folder, size_t sounds, Context& context);

// The trainer's options on the chosen device, for a run in `folder` that writes its model into
// `model`.
train::TrainerOptions trainer_options(const TrainOptions& options, at::Device device,
                                      const std::filesystem::path& folder,
                                      const std::filesystem::path& model);

// Runs the task to the end of the sitting, with its progress on stderr and its result in the
// output.
void run_training(train::Task& task, const train::TrainerOptions& options, Context& context);

}  // namespace riffle::cli
