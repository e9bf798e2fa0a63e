// SPDX-License-Identifier: GPL-3.0-or-later
// Models from the Hugging Face hub, or from a server that speaks its HTTP API.
// API: https://huggingface.co/docs/hub/api (GET /api/models/NAME/revision/REVISION, /resolve/).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/job.h"

namespace riffle::weights {

struct HubOptions {
  std::string endpoint = "https://huggingface.co";
  std::string token;               // for private and gated models; sent to the endpoint only
  std::string revision = "main";   // branch, tag or commit
  std::vector<std::string> files;  // exactly these, by path; empty: what the model needs to run
  bool half_precision = false;     // take the fp16 variant where there is one
  int attempts = 5;                // a file, when the connection breaks or the server is busy
  int first_pause_ms = 1000;       // before the second attempt; doubled each time
};

// $HF_ENDPOINT, $HF_TOKEN.
HubOptions hub_options_from_environment();

struct HubFile {
  std::string path;  // "unet/config.json"; checked to stay below the model's folder
  int64_t size = 0;
  std::string sha256;  // of large files
  std::string git_id;  // of the others (SHA-1 as git computes it)
};

struct HubListing {
  std::string repository;  // "owner/name"
  std::string commit;      // what the revision stood for when asked
  std::vector<HubFile> files;
};

// Throws Error{InvalidArgument} for a malformed name, Error{NotFound} when there is no such model
// or it may not be read, Error{Io} when the hub cannot be reached, Error{BadFile} for nonsense
// answers.
HubListing list_repository(const std::string& repository, const HubOptions& options,
                           const Job& job = {});

// The files a bundle consists of: of each part that model_index.json names its configuration and
// one form of weights; without that file the only checkpoint, with the tokenizer beside it. Copies
// in other formats, sample pictures and safety checkers stay where they are.
std::vector<HubFile> files_of_bundle(const HubListing& listing, const std::string& model_index,
                                     bool half_precision);

struct PullReport {
  std::filesystem::path folder;
  std::string commit;
  int64_t files = 0;
  int64_t bytes = 0;          // of the whole model
  int64_t bytes_fetched = 0;  // over the network, this time
};

// Fetches a model into pulled_models_folder(). What was fetched before is kept and continued, files
// that did not change since an earlier pull are not fetched again, every file is checked by its
// hash, and the model's folder appears or changes only when all of it is there. Throws as
// list_repository, and Error{BadFile} when a file does not have its hash. Progress stage "pull", in
// bytes.
PullReport pull_model(const std::string& repository, const HubOptions& options,
                      const Job& job = {});

// Hashes the files of a pulled model and returns the paths of those that are missing or changed.
// Throws Error{NotFound} for a folder that was not pulled. Progress stage "verify", in bytes.
std::vector<std::string> damaged_files(const std::filesystem::path& folder, const Job& job = {});

}  // namespace riffle::weights
