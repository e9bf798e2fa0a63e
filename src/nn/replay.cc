// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/replay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/log.h"

namespace riffle::nn {
namespace {

std::string shapes_of(const std::vector<at::Tensor>& inputs, int64_t variant) {
  std::string shapes = fmt::format("{}", variant);
  for (const at::Tensor& input : inputs) {
    shapes += input.defined() ? fmt::format(";{}:{}", static_cast<int>(input.scalar_type()),
                                            fmt::join(input.sizes(), ","))
                              : ";";
  }
  return shapes;
}

// Layouts too: what is recorded takes its inputs as the first ones lay.
std::vector<at::Tensor> copies_of(const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> copies;
  for (const at::Tensor& input : inputs) {
    copies.push_back(input.defined() ? input.clone() : at::Tensor());
  }
  return copies;
}

}  // namespace

void Replays::weights_are(int64_t generation) {
  if (!make_ || generation == generation_) return;
  kept_.clear();
  generation_ = generation;
}

Replays::Kept& Replays::kept(const std::string& shapes) {
  const auto found = std::ranges::find(kept_, shapes, &Kept::shapes);
  if (found != kept_.end()) {
    std::rotate(found, found + 1, kept_.end());
  } else {
    if (kept_.size() >= most_) kept_.erase(kept_.begin());
    kept_.push_back({.shapes = shapes, .inputs = {}, .output = {}, .recording = {}});
  }
  return kept_.back();
}

at::Tensor Replays::replay(Kept& kept, const std::vector<at::Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) kept.inputs[i].copy_(inputs[i], /*non_blocking=*/true);
  }
  kept.recording->replay();
  return kept.output.clone();
}

at::Tensor Replays::run(const std::vector<at::Tensor>& inputs, int64_t variant,
                        const Function& function) {
  if (!make_) return function(inputs);
  const std::string shapes = shapes_of(inputs, variant);
  const bool again = std::ranges::find(kept_, shapes, &Kept::shapes) != kept_.end();
  Kept& one = kept(shapes);
  if (!again) return function(inputs);
  try {
    if (!one.recording) {
      one.inputs = copies_of(inputs);
      auto recording = make_();
      recording->record([&] { one.output = function(one.inputs); });
      one.recording = std::move(recording);
    }
    return replay(one, inputs);
  } catch (const Error&) {
    kept_.clear();
    throw;  // the function's own
  } catch (const std::exception& failure) {
    kept_.clear();
    make_ = nullptr;
    const std::string_view what = failure.what();
    log::warn("no CUDA graphs, which costs nothing but speed: {}", what.substr(0, what.find('\n')));
    return function(inputs);
  }
}

}  // namespace riffle::nn
