// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "core/log.h"
#include "environment.h"
#include "fake_hub.h"
#include "raw_files.h"
#include "support/test_files.h"
#include "weights/bundle.h"
#include "weights/detail/digest.h"
#include "weights/detail/http.h"
#include "weights/detail/hub_manifest.h"
#include "weights/model_library.h"

namespace riffle::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr const char* kIndex =
    R"({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "U"], "tokenizer": ["t", "T"],
        "safety_checker": ["s", "S"], "feature_extractor": [null, null]})";

std::string many_bytes(size_t count, unsigned seed) {
  std::string bytes(count, '\0');
  for (char& c : bytes) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

class Hub : public ::testing::Test {
 protected:
  Hub() {
    log::set_level(log::Level::Off);
    hub_.files = {{"model_index.json", kIndex},
                  {"unet/config.json", "{}"},
                  {"unet/diffusion_pytorch_model.safetensors", many_bytes(300'000, 1)},
                  {"unet/diffusion_pytorch_model.fp16.safetensors", many_bytes(150'000, 2)},
                  {"unet/diffusion_pytorch_model.bin", many_bytes(300'000, 3)},
                  {"tokenizer/vocab.json", "{\"a\": 1}"},
                  {"tokenizer/merges.txt", "#version"},
                  {"safety_checker/model.safetensors", many_bytes(5000, 4)},
                  {"seed images/og beat.png", "png"},
                  {"README.md", "hello"},
                  {".gitattributes", "x"},
                  {"whole.ckpt", many_bytes(5000, 5)}};
    options_.endpoint = hub_.endpoint();
    options_.first_pause_ms = 0;
  }
  ~Hub() override { log::set_level(log::Level::Warn); }

  fs::path model() const { return pulled_models_folder() / "owner--name"; }
  std::string fetched(const std::string& path) const { return read_raw(model() / path); }
  void expect_whole() const {
    for (const char* path :
         {"model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
          "tokenizer/vocab.json", "tokenizer/merges.txt", "README.md"}) {
      EXPECT_EQ(fetched(path), hub_.files.at(path)) << path;
    }
    EXPECT_THAT(damaged_files(model()), IsEmpty());
  }
  std::vector<FakeHub::Asked> asked_for(const std::string& path) const {
    std::vector<FakeHub::Asked> found;
    for (const auto& a : hub_.asked()) {
      if (a.path == path) found.push_back(a);
    }
    return found;
  }

  static constexpr const char* kWeights = "unet/diffusion_pytorch_model.safetensors";
  test::TemporaryFolder folder_;
  Environment cache_{"XDG_CACHE_HOME", folder_.path().string()};
  FakeHub hub_;
  HubOptions options_;
};

TEST_F(Hub, PullsWhatTheModelNeedsAndNoMore) {
  std::vector<std::pair<int64_t, int64_t>> progress;
  Job job;
  job.on_progress = [&](const Progress& p) { progress.emplace_back(p.done, p.total); };
  const PullReport report = pull_model("owner/name", options_, job);
  EXPECT_EQ(report.folder, model());
  EXPECT_EQ(report.commit, hub_.commit);
  EXPECT_EQ(report.files, 6);
  EXPECT_EQ(report.bytes_fetched, report.bytes);
  expect_whole();
  EXPECT_FALSE(fs::exists(model() / "whole.ckpt"));
  EXPECT_FALSE(fs::exists(model() / "safety_checker"));
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), std::pair(report.bytes, report.bytes));
  EXPECT_EQ(find_model("owner/name"), model());
  EXPECT_TRUE(open_bundle(model()).has("unet"));
}

TEST_F(Hub, HalfPrecisionTakesTheOtherFile) {
  options_.half_precision = true;
  pull_model("owner/name", options_);
  EXPECT_TRUE(fs::exists(model() / "unet/diffusion_pytorch_model.fp16.safetensors"));
  EXPECT_FALSE(fs::exists(model() / kWeights));
}

TEST_F(Hub, FilesMayBeNamed) {
  options_.files = {"whole.ckpt", "seed images/og beat.png"};
  EXPECT_EQ(pull_model("owner/name", options_).files, 2);
  EXPECT_EQ(fetched("seed images/og beat.png"), "png");
  options_.files = {"none"};
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::NotFound,
                      "there is no file \"none\" among its 11");
}

TEST_F(Hub, BrokenConnectionsContinueWhereTheyStopped) {
  hub_.cut_after[kWeights] = 120'000;
  const PullReport report = pull_model("owner/name", options_);
  expect_whole();
  EXPECT_EQ(report.bytes_fetched, report.bytes);  // nothing came twice
  const auto asked = asked_for(kWeights);
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(asked[0].range, "");
  EXPECT_EQ(asked[1].range, "bytes=120000-");
}

TEST_F(Hub, ALaterRunContinuesToo) {
  hub_.cut_after[kWeights] = 120'000;
  options_.attempts = 1;
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io, kWeights);
  EXPECT_FALSE(fs::exists(model()));
  const PullReport report = pull_model("owner/name", options_);
  expect_whole();
  EXPECT_EQ(asked_for(kWeights).back().range, "bytes=120000-");
  EXPECT_LE(report.bytes_fetched, report.bytes - 120'000);
}

TEST_F(Hub, ServersWithoutRangesSendAllAgain) {
  hub_.cut_after[kWeights] = 120'000;
  options_.attempts = 1;
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io, "");
  hub_.knows_ranges = false;
  pull_model("owner/name", options_);
  expect_whole();
}

TEST_F(Hub, LeftoversOfAnotherVersionAreDropped) {
  hub_.cut_after[kWeights] = 120'000;
  options_.attempts = 1;
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io, "");
  hub_.commit = "ffff456789abcdef0123456789abcdef01234567";
  hub_.files[kWeights] = many_bytes(300'000, 77);     // same size, other contents
  hub_.files["tokenizer/vocab.json"] = "{\"b\": 1}";  // fetched whole before, same size
  pull_model("owner/name", options_);
  expect_whole();
  EXPECT_EQ(asked_for(kWeights).back().range, "");
}

TEST_F(Hub, DamagedFilesAreNotKept) {
  hub_.corrupted = {{"tokenizer/vocab.json", "{\"a\": 2}"}};
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::BadFile,
                      "arrived damaged: its git hash is not");
  hub_.corrupted = {{"tokenizer/vocab.json", std::string(999, 'x')}};
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::BadFile,
                      "more than its 8 bytes came");
  hub_.corrupted = {{"tokenizer/vocab.json", "{}"}};
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io, "2 of 8 bytes came");
  hub_.corrupted = {{kWeights, many_bytes(300'000, 99)}};
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::BadFile,
                      "arrived damaged: its sha256 is not");
  EXPECT_FALSE(fs::exists(model()));
  const size_t before = asked_for("tokenizer/vocab.json").size();
  hub_.corrupted.clear();
  pull_model("owner/name", options_);
  expect_whole();
  EXPECT_EQ(asked_for("tokenizer/vocab.json").size(), before);  // it had come whole, and stayed
  EXPECT_EQ(asked_for(kWeights).size(), 2U);
}

TEST_F(Hub, ADamagedBeginningIsFetchedAnew) {
  hub_.cut_after[kWeights] = 120'000;
  options_.attempts = 1;
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io, kWeights);
  write_raw(pulled_models_folder() / ".owner--name.partial" / (std::string(kWeights) + ".part"),
            many_bytes(120'000, 55));
  pull_model("owner/name", options_);
  expect_whole();
  EXPECT_EQ(asked_for(kWeights).size(), 3U);
}

TEST_F(Hub, UpdatesFetchOnlyWhatChanged) {
  pull_model("owner/name", options_);
  EXPECT_EQ(pull_model("owner/name", options_).bytes_fetched, 0);
  hub_.commit = "ffff456789abcdef0123456789abcdef01234567";
  hub_.files["tokenizer/vocab.json"] = "{\"new\": 1}";
  EXPECT_EQ(pull_model("owner/name", options_).bytes_fetched, 10);
  expect_whole();
  EXPECT_THAT(asked_for(kWeights), SizeIs(1));
  // Nothing is left beside the model.
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(pulled_models_folder()))
    names.push_back(entry.path().filename());
  EXPECT_THAT(names, UnorderedElementsAre("owner--name", ".owner--name.lock"));
}

TEST_F(Hub, VerifyFindsWhatChanged) {
  pull_model("owner/name", options_);
  std::string bytes = fetched(kWeights);
  bytes[200'000] = static_cast<char>(bytes[200'000] ^ 1);
  write_raw(model() / kWeights, bytes);
  fs::remove(model() / "README.md");
  EXPECT_THAT(damaged_files(model()), UnorderedElementsAre(kWeights, "README.md"));
  EXPECT_RIFFLE_ERROR(damaged_files(folder_.path()), ErrorCode::NotFound,
                      "not a model that was pulled");
  // Pulling again mends it.
  pull_model("owner/name", options_);
  EXPECT_TRUE(fs::exists(model() / "README.md"));
}

TEST_F(Hub, TokenGoesToTheHubAndNotWhereItRedirects) {
  hub_.required_token = "secret";
  EXPECT_RIFFLE_ERROR(list_repository("owner/name", options_), ErrorCode::NotFound,
                      "HTTP 401: Invalid username");
  options_.token = "secret";
  pull_model("owner/name", options_);
  expect_whole();
  bool redirected = false;
  for (const auto& asked : hub_.asked()) {
    EXPECT_EQ(asked.authorization, asked.redirected ? "" : "Bearer secret") << asked.path;
    redirected = redirected || asked.redirected;
  }
  EXPECT_TRUE(redirected);
}

TEST_F(Hub, BusyServersAreAskedAgain) {
  hub_.busy_answers = 3;
  EXPECT_THAT(list_repository("owner/name", options_).files, SizeIs(11));
}

TEST_F(Hub, BusyServersAreNotAskedForever) {
  hub_.busy_answers = 5;
  EXPECT_RIFFLE_ERROR(list_repository("owner/name", options_), ErrorCode::Io, "HTTP 503");
}

TEST_F(Hub, CancelStopsAndKeepsWhatCame) {
  std::stop_source stop;
  Job job{stop.get_token(), [&](const Progress& p) {
            if (p.done > 50'000) stop.request_stop();
          }};
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_, job), ErrorCode::Cancelled, "");
  EXPECT_FALSE(fs::exists(model()));
  EXPECT_TRUE(fs::exists(pulled_models_folder() / ".owner--name.partial"));
  EXPECT_THAT(list_models(), Not(Contains(Field(&ModelEntry::name, "owner/name"))));
  pull_model("owner/name", options_);
  expect_whole();
}

TEST_F(Hub, AFullDiskIsNamedAndNothingIsLost) {
  Json listing = {{"sha", "c0ffee"}, {"siblings", Json::array()}};
  for (int i = 0; i < 1000; ++i) {  // a petabyte, which no disk has free
    options_.files.push_back(std::to_string(i));
    listing["siblings"].push_back({{"rfilename", options_.files.back()},
                                   {"size", int64_t{1} << 40},
                                   {"blobId", std::string(40, 'a')}});
  }
  hub_.listing = listing.dump();
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io,
                      "1048576000 MB are needed");
  hub_.listing.clear();
  options_.files.clear();
  options_.attempts = 1;
  hub_.cut_after[kWeights] = 120'000;
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io, kWeights);
  const fs::path part =
      pulled_models_folder() / ".owner--name.partial" / (std::string(kWeights) + ".part");
  fs::remove(part);
  fs::create_symlink("/dev/full", part);
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io,
                      "cannot write " + part.string() + ": No space left on device");
  fs::remove(part);
  pull_model("owner/name", options_);
  expect_whole();
}

TEST_F(Hub, AFolderThatCannotBeMadeIsNamed) {
  write_raw(folder_ / "file", "in the way");
  const Environment cache("XDG_CACHE_HOME", (folder_ / "file").string());
  EXPECT_RIFFLE_ERROR(pull_model("owner/name", options_), ErrorCode::Io,
                      (folder_ / "file").string());
}

TEST_F(Hub, NamesAndAddressesAreChecked) {
  for (const char* name :
       {"", "a/b/c", "../x", "a/..", "/a", "a/", "a b/c", "a/b?c", ".a/b", "a/.b"}) {
    EXPECT_RIFFLE_ERROR(list_repository(name, options_), ErrorCode::InvalidArgument,
                        "no name on the hub");
  }
  EXPECT_RIFFLE_ERROR(list_repository("owner/none", options_), ErrorCode::NotFound, "HTTP 404");
  options_.endpoint = "file:///etc";
  EXPECT_RIFFLE_ERROR(list_repository("owner/name", options_), ErrorCode::InvalidArgument,
                      "neither https nor http");
  options_.endpoint = "http://127.0.0.1:1";
  options_.attempts = 2;
  EXPECT_RIFFLE_ERROR(list_repository("owner/name", options_), ErrorCode::Io,
                      "http://127.0.0.1:1: owner/name");
}

TEST_F(Hub, HostileListingsAreRefused) {
  const std::string good_hash(40, 'a');
  const auto entry = [&](const std::string& path, const std::string& size,
                         const std::string& hash) {
    return R"({"sha": "c0ffee", "siblings": [{"rfilename": ")" + path + R"(", "size": )" + size +
           R"(, "blobId": ")" + hash + "\"}]}";
  };
  for (const auto& [listing, part] : std::vector<std::pair<std::string, const char*>>{
           {entry("../x", "1", good_hash), "unsafe path"},
           {entry("a/../../x", "1", good_hash), "unsafe path"},
           {entry("/etc/passwd", "1", good_hash), "unsafe path"},
           {entry("a//b", "1", good_hash), "unsafe path"},
           {entry("a\\\\b", "1", good_hash), "unsafe path"},
           {entry("a\\u0000b", "1", good_hash), "unsafe path"},
           {entry("a", "-5", good_hash), "unsafe path, size"},
           {entry("a", "99999999999999999999", good_hash), "expected an integer"},
           {entry("a", "1152921504606846976", good_hash), "unsafe path, size"},
           {entry("a", "1", "xyz"), "or hash"},
           {R"({"sha": "c0ffee", "siblings": [{"rfilename": 3}]})", "expected a string"},
           {R"({"sha": "c0ffee", "siblings": ["a"]})", "expected an object"},
           {R"({"sha": "c0ffee", "siblings": {}})", "expected a list"},
           {R"({"sha": "../..", "siblings": []})", "is no commit"},
           {"[]", "expected an object"},
           {"<html>", "not valid JSON"}}) {
    hub_.listing = listing;
    EXPECT_RIFFLE_ERROR(list_repository("owner/name", options_), ErrorCode::BadFile, part);
  }
}

TEST(HubFiles, SingleCheckpointsAndShards) {
  const auto listing = [](const std::vector<std::string>& paths) {
    HubListing l{"o/n", "c", {}};
    for (const auto& p : paths) l.files.push_back({p, 1, "", ""});
    return l;
  };
  const auto chosen = [&](const std::vector<std::string>& paths, const char* index = "") {
    std::vector<std::string> names;
    for (const auto& f : files_of_bundle(listing(paths), index, false)) names.push_back(f.path);
    return names;
  };
  EXPECT_THAT(chosen({"a.safetensors", "a.ckpt", "a.json", "x.png", "tokenizer/vocab.json",
                      "deep/b.safetensors"}),
              UnorderedElementsAre("a.safetensors", "a.json", "tokenizer/vocab.json"));
  EXPECT_RIFFLE_ERROR(chosen({"a.safetensors", "b.safetensors"}), ErrorCode::InvalidArgument,
                      "2 checkpoints at its top: a.safetensors, b.safetensors");
  EXPECT_RIFFLE_ERROR(chosen({"readme.txt"}), ErrorCode::InvalidArgument, "0 checkpoints");
  EXPECT_THAT(
      chosen({"model_index.json", "u/model.safetensors.index.json", "u/model-1-of-2.safetensors",
              "u/model-2-of-2.safetensors", "u/model.fp16.safetensors"},
             R"({"u": ["a", "b"]})"),
      UnorderedElementsAre("model_index.json", "u/model.safetensors.index.json",
                           "u/model-1-of-2.safetensors", "u/model-2-of-2.safetensors"));
  EXPECT_RIFFLE_ERROR(chosen({"model_index.json"}, "[]"), ErrorCode::BadFile, "expected an object");
}

TEST(HubOptions, ComeFromTheEnvironment) {
  const Environment endpoint("HF_ENDPOINT", "https://mirror.example/");
  const Environment token("HF_TOKEN", "t");
  EXPECT_EQ(hub_options_from_environment().endpoint, "https://mirror.example");
  EXPECT_EQ(hub_options_from_environment().token, "t");
  const Environment none("HF_ENDPOINT", "");
  EXPECT_EQ(hub_options_from_environment().endpoint, "https://huggingface.co");
}

TEST(Digest, KnownValues) {
  test::TemporaryFolder folder;
  write_raw(folder / "x", "abc");
  EXPECT_EQ(detail::sha256_of_file(folder / "x", {}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_raw(folder / "x", "hello\n");
  EXPECT_EQ(detail::git_id_of_file(folder / "x", {}), "ce013625030ba8dba906f756967f9e9ca394464a");
}

}  // namespace
}  // namespace riffle::weights
