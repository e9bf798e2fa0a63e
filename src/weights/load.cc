// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <unordered_set>

#include "core/error.h"
#include "core/log.h"
#include "weights/name_aliases.h"

namespace riffle::weights {
namespace {

constexpr size_t kNamesShown = 3;

std::string first_names(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kNamesShown);
  return fmt::format("{}{}",
                     fmt::join(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), ", "),
                     names.size() > shown ? ", ..." : "");
}

std::string describe(const LoadReport::WrongShape& w) {
  return fmt::format("{} expected {}, got {}", w.name, shape_text(w.expected), shape_text(w.found));
}

std::span<const int64_t> without_trailing_ones(std::span<const int64_t> shape) {
  while (!shape.empty() && shape.back() == 1) shape = shape.first(shape.size() - 1);
  return shape;
}

// Equal, or a linear layer and the 1x1 convolution that does the same.
bool same_shape(std::span<const int64_t> a, std::span<const int64_t> b) {
  return std::ranges::equal(without_trailing_ones(a), without_trailing_ones(b));
}

bool is_optional(std::string_view name, const std::vector<std::string>& optional) {
  return std::any_of(optional.begin(), optional.end(), [&](const std::string& o) {
    return name.starts_with(o) && (name.size() == o.size() || name[o.size()] == '.');
  });
}

const TensorInfo* find_any_name(const TensorSource& source, const std::string& name) {
  if (const TensorInfo* info = source.find(name)) return info;
  for (const std::string& other : other_names(name)) {
    if (const TensorInfo* info = source.find(other)) return info;
  }
  return nullptr;
}

struct Match {
  const at::Tensor* parameter;
  const TensorInfo* info;
};

std::vector<Match> match(const NamedTensors& parameters, const TensorSource& source,
                         const LoadOptions& options, LoadReport& report) {
  std::vector<Match> matches;
  std::unordered_set<const TensorInfo*> used;
  for (const auto& [name, parameter] : parameters) {
    const TensorInfo* info = find_any_name(source, name);
    if (info == nullptr) {
      if (!is_optional(name, options.optional)) report.missing.push_back(name);
      continue;
    }
    used.insert(info);
    if (same_shape(info->shape, parameter.sizes())) {
      matches.push_back({&parameter, info});
    } else {
      report.wrong_shape.push_back({name, parameter.sizes().vec(), info->shape});
    }
  }
  for (const TensorInfo& info : source.tensors()) {
    // Old checkpoints store the row 0, 1, 2, ... of positions, which no model reads.
    if (!used.contains(&info) && !info.name.ends_with("position_ids")) {
      report.unexpected.push_back(info.name);
    }
  }
  report.matched = static_cast<int64_t>(matches.size());
  return matches;
}

void refuse_if_incomplete(const LoadReport& report) {
  if (report.missing.empty() && report.wrong_shape.empty()) return;
  std::vector<std::string> problems;
  if (!report.missing.empty()) {
    problems.push_back(
        fmt::format("{} missing: {}", report.missing.size(), first_names(report.missing)));
  }
  if (!report.wrong_shape.empty()) {
    std::vector<std::string> shapes;
    for (const auto& w : report.wrong_shape) shapes.push_back(describe(w));
    problems.push_back(fmt::format("{} of wrong shape: {}", shapes.size(), first_names(shapes)));
  }
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: the weights do not fit the model: {}", report.source,
                          fmt::join(problems, "; ")),
              "the config.json beside the weights may belong to another model");
}

void fill(const Match& m, const TensorSource& source, const LoadOptions& options) {
  const at::Tensor& parameter = *m.parameter;
  const bool same_type =
      parameter.scalar_type() == scalar_type(m.info->dtype) ||
      (options.keep_type && parameter.is_floating_point() && is_floating(m.info->dtype));
  if (options.share && same_type && parameter.device().is_cpu() && parameter.is_contiguous()) {
    parameter.set_data(source.view(m.info->name).reshape(parameter.sizes()));
  } else {
    source.read(m.info->name, parameter);
  }
}

}  // namespace

std::string LoadReport::line() const {
  const auto count = [](size_t n, const std::string& what, const std::string& first) {
    return n == 0 ? fmt::format("0 {}", what) : fmt::format("{} {} ({})", n, what, first);
  };
  return fmt::format("{}: {} matched, {}, {}, {}", source, matched,
                     count(missing.size(), "missing", first_names(missing)),
                     count(unexpected.size(), "unexpected", first_names(unexpected)),
                     count(wrong_shape.size(), "of wrong shape",
                           wrong_shape.empty() ? "" : describe(wrong_shape.front())));
}

LoadReport load_into(const NamedTensors& parameters, const TensorSource& source,
                     const LoadOptions& options, const Job& job) {
  LoadReport report;
  report.source = source.where();
  const std::vector<Match> matches = match(parameters, source, options, report);
  log::info("{}", report.line());
  refuse_if_incomplete(report);
  int64_t done = 0;
  int64_t total = 0;
  for (const Match& m : matches) total += m.info->bytes();
  for (const Match& m : matches) {
    job.check();
    fill(m, source, options);
    done += m.info->bytes();
    job.report("load", done, total);
  }
  return report;
}

}  // namespace riffle::weights
