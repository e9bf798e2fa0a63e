// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/hub_pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <system_error>

#include "core/error.h"
#include "core/folder_lock.h"
#include "weights/detail/http.h"
#include "weights/detail/hub_client.h"
#include "weights/detail/hub_manifest.h"
#include "weights/model_library.h"

namespace riffle::weights::detail {
namespace {

namespace fs = std::filesystem;

// One model on its way: files come whole and checked into a hidden folder, which then takes the
// model's name.
class Pull {
 public:
  Pull(const HubListing& listing, const HubOptions& options, const Job& job)
      : listing_(listing), options_(options), job_(job) {
    const std::string name = folder_name_of(listing_.repository);
    const fs::path root = pulled_models_folder();
    final_ = root / name;
    partial_ = root / fmt::format(".{}.partial", name);
    replaced_ = root / fmt::format(".{}.replaced", name);
    for (const HubFile& f : listing_.files) total_ += f.size;
  }

  PullReport run() {
    // Two processes must not write one file.
    const fs::path lock_file =
        final_.parent_path() / fmt::format(".{}.lock", final_.filename().string());
    const FolderLock lock(
        lock_file, Error(ErrorCode::Io, fmt::format("{}: another process is fetching this model",
                                                    lock_file.string())));
    recover();
    PullReport report{final_, listing_.commit, static_cast<int64_t>(listing_.files.size()), total_,
                      0};
    if (is_current()) return report;
    fs::create_directories(partial_);
    drop_stale();
    write_manifest(partial_, listing_);
    reuse_unchanged();
    check_space();
    for (const HubFile& file : listing_.files) fetch(file);
    swap();
    report.bytes_fetched = fetched_;
    return report;
  }

 private:
  // A run that was killed between the two renames of swap() left the model under its spare name.
  void recover() const {
    std::error_code ec;
    if (fs::exists(replaced_, ec) && !fs::exists(final_, ec)) fs::rename(replaced_, final_, ec);
    fs::remove_all(replaced_, ec);
  }

  bool is_current() const {
    const auto old = read_manifest(final_);
    if (!old || old->commit != listing_.commit || old->files.size() != listing_.files.size())
      return false;
    return std::all_of(listing_.files.begin(), listing_.files.end(), [&](const HubFile& f) {
      std::error_code ec;
      return fs::file_size(final_ / f.path, ec) == static_cast<uint64_t>(f.size) && !ec;
    });
  }

  // Whether `old` lists a file just as it is now.
  static bool lists(const HubListing& old, const HubFile& f) {
    return std::any_of(old.files.begin(), old.files.end(), [&](const HubFile& o) {
      return o.path == f.path && o.size == f.size && o.sha256 == f.sha256 && o.git_id == f.git_id;
    });
  }

  // What an earlier attempt left is of use only for files that are the same in this one.
  void drop_stale() const {
    std::set<fs::path> useful;
    if (const auto begun = read_manifest(partial_)) {
      for (const HubFile& f : listing_.files) {
        if (lists(*begun, f)) useful.insert({partial_ / f.path, part_of(f)});
      }
    }
    std::vector<fs::path> stale;
    for (const auto& entry : fs::recursive_directory_iterator(partial_)) {
      if (!entry.is_directory() && !useful.contains(entry.path())) stale.push_back(entry.path());
    }
    for (const fs::path& path : stale) fs::remove(path);
  }

  // Files of the model as it was pulled before, where they have not changed since.
  void reuse_unchanged() const {
    const auto old = read_manifest(final_);
    if (!old) return;
    for (const HubFile& f : listing_.files) {
      if (!lists(*old, f) || fs::exists(partial_ / f.path)) continue;
      if (!is_intact(final_ / f.path, f, job_)) continue;
      fs::create_directories((partial_ / f.path).parent_path());
      std::error_code ec;
      fs::create_hard_link(final_ / f.path, partial_ / f.path, ec);
      if (ec) fs::copy_file(final_ / f.path, partial_ / f.path);
    }
  }

  static uint64_t size_or_zero(const fs::path& path) {
    std::error_code ec;
    const auto size = fs::file_size(path, ec);
    return ec ? 0 : size;
  }
  fs::path part_of(const HubFile& file) const { return fs::path(partial_ / file.path) += ".part"; }

  void check_space() const {
    uint64_t needed = 0;
    for (const HubFile& f : listing_.files) {
      const uint64_t there = size_or_zero(partial_ / f.path) + size_or_zero(part_of(f));
      needed += static_cast<uint64_t>(f.size) - std::min(static_cast<uint64_t>(f.size), there);
    }
    std::error_code ec;
    const auto space = fs::space(partial_, ec);
    if (!ec && space.available < needed) {
      throw Error(ErrorCode::Io,
                  fmt::format("{}: {} MB are needed, {} MB are free",
                              partial_.parent_path().string(), needed >> 20, space.available >> 20),
                  "make room, or set $XDG_CACHE_HOME to a larger disk");
    }
  }

  // A file under its own name in the hidden folder was checked by whoever put it there.
  void fetch(const HubFile& file) {
    const fs::path target = partial_ / file.path;
    if (size_or_zero(target) != static_cast<uint64_t>(file.size) || !fs::exists(target)) {
      fs::create_directories(target.parent_path());
      const bool continued = size_or_zero(part_of(file)) > 0;
      // What an earlier run left may be the fault: without it, once more.
      if (!arrives_intact(file) && !(continued && arrives_intact(file))) {
        throw Error(ErrorCode::BadFile,
                    fmt::format("{}: {} arrived damaged: its {} is not {}", listing_.repository,
                                file.path, file.sha256.empty() ? "git hash" : "sha256",
                                file.sha256.empty() ? file.git_id : file.sha256),
                    "run the same command again: the file will be fetched anew");
      }
      fs::rename(part_of(file), target);
    }
    done_ += file.size;
    job_.report("pull", done_, total_);
  }

  bool arrives_intact(const HubFile& file) {
    download(file);
    if (is_intact(part_of(file), file, job_)) return true;
    fs::remove(part_of(file));
    return false;
  }

  void download(const HubFile& file) {
    const fs::path part = part_of(file);
    if (size_or_zero(part) > static_cast<uint64_t>(file.size)) fs::remove(part);
    if (size_or_zero(part) == static_cast<uint64_t>(file.size) && fs::exists(part)) return;
    const HttpResponse response =
        with_patience(options_, job_, [&] { return attempt(file, part); });
    if (!response.is_success())
      refuse(response, fmt::format("{}/{}", listing_.repository, file.path), options_);
  }

  static void require_written(const std::ofstream& out, const fs::path& part) {
    if (out) return;
    throw Error(ErrorCode::Io,
                fmt::format("cannot write {}: {}", part.string(), std::strerror(errno)),
                "check the free space; what was fetched so far is kept");
  }

  HttpResponse attempt(const HubFile& file, const fs::path& part) {
    const uint64_t from = size_or_zero(part);
    std::ofstream out;
    int64_t have = 0;
    HttpSink sink;
    sink.begin = [&](const HttpResponse& head) {
      // A server that does not know ranges sends everything again.
      const bool continues = head.status == 206;
      have = continues ? static_cast<int64_t>(from) : 0;
      out.open(part, std::ios::binary | (continues ? std::ios::app : std::ios::trunc));
    };
    sink.write = [&](std::string_view bytes) {
      have += static_cast<int64_t>(bytes.size());
      fetched_ += static_cast<int64_t>(bytes.size());
      if (have > file.size)
        throw Error(ErrorCode::BadFile, fmt::format("{}/{}: more than its {} bytes came",
                                                    listing_.repository, file.path, file.size));
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      require_written(out, part);
      job_.report("pull", done_ + have, total_);
    };
    HttpResponse response =
        http_get({file_url(listing_, file.path, options_), options_.token, from}, sink, job_);
    if (out.is_open()) {
      out.close();  // what was still buffered
      require_written(out, part);
    }
    if (response.status ==
        416) {  // nothing at that place: what is here does not belong to this file
      fs::remove(part);
      response.trouble = "the partial file did not fit and was dropped";
    } else if (response.is_success() && have < file.size) {
      response.trouble = fmt::format("{} of {} bytes came", have, file.size);
    }
    return response;
  }

  void swap() const {
    if (fs::exists(final_)) fs::rename(final_, replaced_);
    fs::rename(partial_, final_);
    fs::remove_all(replaced_);
  }

  const HubListing& listing_;
  const HubOptions& options_;
  const Job& job_;
  fs::path final_, partial_, replaced_;
  int64_t total_ = 0;
  int64_t done_ = 0;
  int64_t fetched_ = 0;
};

}  // namespace

PullReport pull_files(const HubListing& listing, const HubOptions& options, const Job& job) {
  try {
    fs::create_directories(pulled_models_folder());
    return Pull(listing, options, job).run();
  } catch (const fs::filesystem_error& e) {
    throw Error(ErrorCode::Io, e.what(), "check the permissions and the space of $XDG_CACHE_HOME");
  }
}

}  // namespace riffle::weights::detail
