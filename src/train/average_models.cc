// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/average_models.h"

#include <ATen/ops/equal.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "weights/load.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRuns = "training";  // what riffle train keeps in the folder of a model

// All files of a bundle, by their paths in it, sorted.
std::vector<fs::path> files_of(const fs::path& bundle) {
  std::error_code ec;
  if (!fs::exists(bundle / "model_index.json", ec)) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: no model there: model_index.json is missing", bundle.string()),
                "name the folders of two models");
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(bundle)) {
    const fs::path file = fs::relative(entry.path(), bundle);
    if (entry.is_regular_file() && *file.begin() != kRuns) files.push_back(file);
  }
  std::ranges::sort(files);
  return files;
}

bool holds_weights(const fs::path& file) { return file.extension() == ".safetensors"; }

class Averager {
 public:
  Averager(fs::path a, fs::path b, double share)
      : a_(std::move(a)), b_(std::move(b)), share_(share) {}

  void write(const fs::path& file, const fs::path& out, const Job& job) {
    const weights::Safetensors one = weights::open_safetensors(a_ / file);
    const weights::Safetensors two = weights::open_safetensors(b_ / file);
    if (one.tensors->tensors().size() != two.tensors->tensors().size()) {
      differ(file, "one has more tensors");
    }
    weights::NamedTensors mean;
    for (const weights::TensorInfo& x : one.tensors->tensors()) {
      job.check();
      const weights::TensorInfo* y = two.tensors->find(x.name);
      if (y == nullptr || y->shape != x.shape || y->dtype != x.dtype) {
        differ(file, fmt::format("{} is not in both, or of another shape or type", x.name));
      }
      mean.emplace_back(x.name, mean_of(one.tensors->view(x.name), two.tensors->view(x.name)));
    }
    weights::write_safetensors(out, mean, one.metadata, job);
  }

  const AverageReport& report() const { return report_; }

 private:
  at::Tensor mean_of(const at::Tensor& x, const at::Tensor& y) {
    if (!x.is_floating_point() || at::equal(x, y)) {
      report_.alike += x.numel();
      return x;
    }
    report_.averaged += x.numel();
    const at::Tensor sum = x.to(at::kFloat) * (1 - share_) + y.to(at::kFloat) * share_;
    return sum.to(x.scalar_type());
  }

  [[noreturn]] void differ(const fs::path& file, const std::string& how) const {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} and {} are models of different form: {}: {}", a_.string(),
                            b_.string(), file.string(), how),
                "average a model and what it was trained on from");
  }

  fs::path a_;
  fs::path b_;
  double share_;
  AverageReport report_;
};

}  // namespace

AverageReport average_models(const fs::path& a, const fs::path& b, double share,
                             const fs::path& out, const Job& job) {
  if (!(share >= 0 && share <= 1)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("share: expected a number from 0 to 1, got {}", share));
  }
  const std::vector<fs::path> files = files_of(a);
  files_of(b);
  std::error_code ec;
  if (fs::exists(out, ec) && !fs::is_empty(out, ec)) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("{}: there is something", out.string()),
                "name a new folder");
  }
  const fs::path begun = out.string() + ".part";
  fs::remove_all(begun, ec);
  Averager averager(a, b, share);
  try {
    for (const fs::path& file : files) {
      fs::create_directories((begun / file).parent_path());
      if (holds_weights(file)) {
        averager.write(file, begun / file, job);
      } else {
        fs::copy_file(a / file, begun / file);
      }
    }
    fs::remove(out, ec);  // an empty folder
    fs::rename(begun, out);
  } catch (const fs::filesystem_error& e) {
    fs::remove_all(begun, ec);
    throw Error(ErrorCode::Io, fmt::format("cannot write {}: {}", out.string(), e.what()));
  } catch (...) {
    fs::remove_all(begun, ec);
    throw;
  }
  return averager.report();
}

}  // namespace riffle::train
