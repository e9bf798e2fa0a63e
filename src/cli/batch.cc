// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>

#include "cli/failure.h"
#include "cli/inputs.h"
#include "cli/options.h"
#include "core/error.h"
#include "core/parallel.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;
using Outcome = BatchResult::Outcome;

bool has_sound_ending(const fs::path& path) {
  const std::string ending = lower_ending(path);
  constexpr std::array kEndings = {".wav", ".wave", ".bwf",  ".rf64", ".w64", ".flac", ".mp3",
                                   ".mp2", ".ogg",  ".oga",  ".opus", ".m4a", ".m4b",  ".mp4",
                                   ".aac", ".aif",  ".aiff", ".aifc", ".caf", ".wma",  ".wv",
                                   ".ape", ".au",   ".snd",  ".ac3",  ".mka", ".webm", ".tta"};
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Written:
      return "written";
    case Outcome::Present:
      return "present";
    case Outcome::Skipped:
      return "skipped";
    case Outcome::Failed:
      return "failed";
  }
  return "failed";
}

// The files of one run and what became of them.
class Batch {
 public:
  Batch(const BatchOptions& options, Context& context)
      : options_(options),
        context_(context),
        files_(list_files(options.audio_dir, options.pattern, options.recursive)) {
    found_ = files_.size();
    if (options.limit >= 0 && files_.size() > static_cast<size_t>(options.limit)) {
      files_.resize(static_cast<size_t>(options.limit));
    }
    results_.resize(files_.size());
    skip_what_cannot_be_used();
  }

  void run(const BatchWork& work) {
    parallel_for(static_cast<int64_t>(files_.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) run_one(static_cast<size_t>(i), work);
    });
  }

  // Totals on stdout, everything in the document.
  void summarize() {
    std::map<Outcome, int64_t> totals;
    OrderedJson files = OrderedJson::array();
    for (size_t i = 0; i < files_.size(); ++i) {
      if (!results_[i]) continue;  // not reached before the run was cancelled
      ++totals[results_[i]->outcome];
      files.push_back(entry(i));
    }
    const size_t beyond = found_ - files_.size();
    context_.out.line("{} written, {} already there, {} skipped, {} failed{}",
                      totals[Outcome::Written], totals[Outcome::Present], totals[Outcome::Skipped],
                      totals[Outcome::Failed],
                      beyond > 0 ? fmt::format(", {} beyond --limit", beyond) : "");
    context_.out.document() = {{"written", totals[Outcome::Written]},
                               {"present", totals[Outcome::Present]},
                               {"skipped", totals[Outcome::Skipped]},
                               {"failed", totals[Outcome::Failed]},
                               {"beyond_limit", beyond},
                               {"files", std::move(files)}};
  }

  void throw_if_failed() const {
    const auto count = std::count_if(results_.begin(), results_.end(), [](const auto& result) {
      return result && result->outcome == Outcome::Failed;
    });
    if (count == 0) return;
    throw Error(first_failure_, fmt::format("{} of {} files failed", count, files_.size()),
                "the reasons stand beside the files above");
  }

 private:
  fs::path relative(size_t i) const { return files_[i].lexically_relative(options_.audio_dir); }

  void skip_what_cannot_be_used() {
    std::map<fs::path, size_t> by_stem;
    for (size_t i = 0; i < files_.size(); ++i) {
      if (options_.pattern == "*" && !has_sound_ending(files_[i])) {
        finish(i, {Outcome::Skipped, {}, "not a sound file, by its ending"});
        continue;
      }
      const auto [other, fresh] = by_stem.emplace(relative(i).replace_extension(), i);
      if (!fresh) {
        finish(i,
               {Outcome::Skipped,
                {},
                fmt::format("would overwrite what {} becomes", relative(other->second).string())});
      }
    }
  }

  void run_one(size_t i, const BatchWork& work) {
    if (results_[i]) return;
    context_.job.check();
    // The progress shown is that of the files, not of what happens within one.
    const Job job{context_.job.stop, {}};
    try {
      BatchFile file{files_[i], fs::path(options_.output_dir) / relative(i).replace_extension()};
      fs::create_directories(file.output_stem.parent_path());
      finish(i, work(file, job));
    } catch (...) {
      const Failure failure = failure_from(std::current_exception());
      if (failure.code == ErrorCode::Cancelled) throw;
      finish(i, {Outcome::Failed, {}, failure.message}, failure.code);
    }
  }

  void finish(size_t i, BatchResult result, ErrorCode code = ErrorCode::Internal) {
    const std::lock_guard lock(mutex_);
    const std::string name = relative(i).string();
    if (result.outcome == Outcome::Written || result.outcome == Outcome::Present) {
      const char* note = result.outcome == Outcome::Present ? " (already there)" : "";
      for (const auto& output : result.outputs) {
        context_.out.line("{} -> {}{}", name, output.string(), note);
      }
    } else {
      context_.out.line("{} {}: {}", name, name_of(result.outcome), result.reason);
    }
    if (result.outcome == Outcome::Failed && !any_failed_) {
      any_failed_ = true;
      first_failure_ = code;
    }
    results_[i] = std::move(result);
    context_.job.report("files", ++done_, static_cast<int64_t>(files_.size()));
  }

  OrderedJson entry(size_t i) const {
    const BatchResult& result = *results_[i];
    OrderedJson json = {{"file", files_[i].string()}, {"outcome", name_of(result.outcome)}};
    if (!result.reason.empty()) json["reason"] = result.reason;
    OrderedJson outputs = OrderedJson::array();
    for (const auto& output : result.outputs) outputs.push_back(output.string());
    json["outputs"] = std::move(outputs);
    return json;
  }

  const BatchOptions& options_;
  Context& context_;
  std::vector<fs::path> files_;
  size_t found_ = 0;
  std::vector<std::optional<BatchResult>> results_;
  std::mutex mutex_;
  int64_t done_ = 0;
  bool any_failed_ = false;
  ErrorCode first_failure_ = ErrorCode::Internal;
};

}  // namespace

void add_batch_options(CLI::App& app, BatchOptions& options) {
  app.add_option("audio-dir,--audio-dir", options.audio_dir, "Folder of sound files")
      ->type_name(kFolderType)
      ->required();
  app.add_option("output-dir,--output-dir", options.output_dir,
                 "Folder for the results; made when missing")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--glob", options.pattern, "Only files whose name matches this pattern")
      ->type_name("PATTERN")
      ->capture_default_str();
  app.add_flag("--recursive", options.recursive,
               "Folders within the folder too; the output folder gets the same tree");
  app.add_option("--limit", options.limit, "At most so many files; -1 for all")
      ->type_name("N")
      ->check(between(-1, 1e9))
      ->capture_default_str();
  app.add_option("--num-threads", options.num_threads,
                 "Files at a time; 0 for as many as there are processors")
      ->type_name("N")
      ->check(between(0, 1024))
      ->capture_default_str();
}

void run_batch(const BatchOptions& options, Context& context, const BatchWork& work) {
  if (options.num_threads > 0) set_thread_count(options.num_threads);
  Batch batch(options, context);
  std::exception_ptr interrupted;
  try {
    batch.run(work);
  } catch (...) {
    interrupted = std::current_exception();
  }
  batch.summarize();
  if (interrupted) std::rethrow_exception(interrupted);
  batch.throw_if_failed();
}

}  // namespace riffle::cli
