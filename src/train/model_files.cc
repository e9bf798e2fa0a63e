// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/model_files.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "models/load_module.h"
#include "weights/bundle.h"
#include "weights/safetensors.h"

namespace riffle::train {

namespace fs = std::filesystem;

void write_part(const fs::path& folder, const Json& config, const weights::NamedTensors& parameters,
                const char* file) {
  const at::NoGradGuard no_grad;
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot make the folder {}: {}", folder.string(), ec.message()));
  }
  weights::NamedTensors halves;
  for (const auto& [name, tensor] : parameters) {
    halves.emplace_back(name, tensor.detach().to(at::kCPU, at::kHalf));
  }
  weights::write_safetensors(folder / file, halves, {{"format", "pt"}});
  write_text_file(folder / "config.json", config.dump(2) + "\n");
}

void load_part(torch::nn::Module& module, const fs::path& folder, const char* file) {
  const auto opened = weights::open_safetensors(folder / file);
  models::load_module(module, *opened.tensors, {.share = false, .optional = {}});
}

void copy_widened(const torch::nn::Module& from, torch::nn::Module& to) {
  const at::NoGradGuard no_grad;
  const auto old = models::named_parameters(from);
  auto now = models::named_parameters(to);
  for (size_t i = 0; i < now.size(); ++i) {
    const at::Tensor& values = old.at(i).second;
    at::Tensor& wider = now[i].second;
    if (wider.sizes() == values.sizes()) {
      wider.copy_(values);
    } else {
      wider.zero_().narrow(1, 0, values.size(1)).copy_(values);
    }
  }
}

void copy_part(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::create_directories(to, ec);
  for (const auto& entry : fs::directory_iterator(from, ec)) {
    if (!entry.is_regular_file()) continue;
    PendingFile pending(to / entry.path().filename());
    fs::copy_file(entry.path(), pending.path(), fs::copy_options::overwrite_existing, ec);
    if (ec) break;
    pending.commit();
  }
  if (ec) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), ec.message()));
  }
}

FoundPart find_part(const fs::path& path, const std::string& part) {
  std::error_code ec;
  for (const fs::path& folder : {path / part, path}) {
    if (!fs::exists(folder / "config.json", ec) || !fs::exists(folder / kModelFile, ec)) continue;
    return {read_json_file(folder / "config.json"),
            weights::open_safetensors(folder / kModelFile).tensors};
  }
  const weights::Bundle bundle = weights::open_bundle(path);
  return {bundle.config(part), bundle.tensors(part)};
}

std::string encoder_fingerprint(const FoundPart& part) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  const auto add = [&](const void* data, size_t count) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  };
  const std::string config = part.config.dump();
  add(config.data(), config.size());
  for (const weights::TensorInfo& info : part.tensors->tensors()) {
    if (!info.name.starts_with("encoder.") && !info.name.starts_with("quant_conv.")) continue;
    const at::Tensor tensor = part.tensors->view(info.name).contiguous();
    add(info.name.data(), info.name.size());
    add(tensor.data_ptr(), tensor.nbytes());
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace riffle::train
