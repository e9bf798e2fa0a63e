// SPDX-License-Identifier: GPL-3.0-or-later
// riffle models: those on this machine, what is in them, fetching them, and whether they are sound.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/check_model.h"
#include "cli/commands.h"
#include "cli/inspect_model.h"
#include "cli/options.h"
#include "core/error.h"
#include "nn/runtime.h"
#include "pipelines/model.h"
#include "weights/bundle.h"
#include "weights/hub.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelType = "MODEL";

// "StableDiffusionPipeline", "checkpoint", "LoRA", ...; reads no more than headers.
std::string kind_of(const fs::path& path) {
  std::error_code ec;
  try {
    if (!fs::is_directory(path, ec)) return std::string(name_of(kind_of_weights(path)));
    const auto bundle = weights::open_bundle(path);
    return bundle.is_single_file() ? "folder with a checkpoint" : bundle.pipeline_class();
  } catch (const Error& e) {
    return "unusable: " + e.message();
  }
}

void list(Context& context) {
  OrderedJson models = OrderedJson::array();
  const auto entries = weights::list_models();
  size_t width = 4;
  for (const auto& entry : entries) width = std::max(width, entry.name.size());
  for (const auto& entry : entries) {
    const std::string kind = kind_of(entry.path);
    const int64_t bytes = size_on_disk(entry.path);
    context.out.line("{:<{}}  {:<8} {:>9}  {}  {}", entry.name, width,
                     weights::name_of(entry.origin), size_text(bytes), kind, entry.path.string());
    models.push_back({{"name", entry.name},
                      {"origin", weights::name_of(entry.origin)},
                      {"kind", kind},
                      {"bytes_on_disk", bytes},
                      {"path", entry.path.string()}});
  }
  std::vector<std::string> folders;
  for (const fs::path& folder : weights::model_folders()) folders.push_back(folder.string());
  if (entries.empty()) {
    context.out.line("no models{}{}", folders.empty() ? "" : " in ", fmt::join(folders, ", "));
    context.out.line("fetch one: riffle models pull riffusion/riffusion-model-v1");
  }
  context.out.document() = {{"models", std::move(models)},
                            {"folders", std::move(folders)},
                            {"pulled_models_folder", weights::pulled_models_folder().string()}};
}

struct Pull {
  std::string name;
  weights::HubOptions hub = weights::hub_options_from_environment();
};

void pull(const Pull& options, Context& context) {
  const auto report = weights::pull_model(options.name, options.hub, in_megabytes(context.job));
  context.out.line("{}", report.folder.string());
  context.out.line("  {} files, {}, of which {} were fetched now; commit {}", report.files,
                   size_text(report.bytes), size_text(report.bytes_fetched), report.commit);
  context.out.document() = {{"name", options.name},    {"folder", report.folder.string()},
                            {"commit", report.commit}, {"files", report.files},
                            {"bytes", report.bytes},   {"bytes_fetched", report.bytes_fetched}};
}

struct Verify {
  std::string model;
  std::string golden;
};

OrderedJson to_json(const std::vector<Check>& checks) {
  OrderedJson rows = OrderedJson::array();
  for (const Check& check : checks) {
    rows.push_back({{"what", check.what},
                    {"against", check.against},
                    {"error", check.error},
                    {"tolerance", check.tolerance},
                    {"passed", check.passed()}});
  }
  return rows;
}

void show(const std::vector<Check>& checks, Output& out) {
  for (const Check& check : checks) {
    out.line("  {:<26} {:<20} {:8.1e} of {:.0e}  {}", check.what, check.against, check.error,
             check.tolerance, check.passed() ? "ok" : "WRONG");
  }
}

// Throws when one of them failed.
void require_passed(const std::vector<Check>& checks, const std::string& whose, bool own_fault) {
  std::vector<std::string> failed;
  for (const Check& check : checks) {
    if (!check.passed()) {
      failed.push_back(fmt::format("{} against {}: {:.1e}, tolerance {:.0e}", check.what,
                                   check.against, check.error, check.tolerance));
    }
  }
  if (failed.empty()) return;
  throw Error(own_fault ? ErrorCode::Internal : ErrorCode::BadFile,
              fmt::format("{}: {} of {} results are wrong: {}", whose, failed.size(), checks.size(),
                          fmt::join(failed, "; ")),
              own_fault ? "please report this, with the output of riffle models verify -v"
                        : "the weights may be damaged: fetch the model again");
}

// Of a model that was pulled; null for others.
OrderedJson check_files(const fs::path& path, const std::string& name, Context& context) {
  std::vector<std::string> damaged;
  try {
    damaged = weights::damaged_files(path, in_megabytes(context.job));
  } catch (const Error& e) {
    if (e.code() != ErrorCode::NotFound) throw;
    context.out.line("  files                      not pulled from the hub: no checksums to go by");
    return nullptr;
  }
  if (!damaged.empty()) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: {} files are missing or changed: {}", path.string(),
                            damaged.size(), fmt::join(damaged, ", ")),
                "riffle models pull " + name + " fetches them again");
  }
  context.out.line("  files                      checksums                       as pulled");
  return true;
}

void verify(const Verify& options, Context& context) {
  Output& out = context.out;
  const at::Device device = nn::choose_device(context.globals.device);
  out.line("kernels: {}, {}", device.str(), nn::describe_runtime());
  const auto kernels = check_kernels(device, context.job);
  show(kernels, out);
  out.document() = {
      {"device", device.str()}, {"runtime", nn::describe_runtime()}, {"kernels", to_json(kernels)}};
  require_passed(kernels, device.str(), true);
  if (options.model.empty()) return;

  const fs::path path = weights::find_model(options.model);
  const auto bundle = weights::open_bundle(path);
  out.line("{}", path.string());
  out.document()["model"] = path.string();
  out.document()["files_intact"] = check_files(path, options.model, context);
  const fs::path golden = options.golden.empty() ? path / "golden" : fs::path(options.golden);
  const bool band = pipelines::kind_of(bundle) == pipelines::ModelKind::Band;
  const auto networks = band ? check_band_networks(bundle, device, in_megabytes(context.job))
                             : check_networks(bundle, device, golden, in_megabytes(context.job));
  show(networks, out);
  out.document()["networks"] = to_json(networks);
  require_passed(networks, path.string(), false);
}

}  // namespace

Action add_models(CLI::App& app) {
  app.require_subcommand(1);
  const auto actions = std::make_shared<std::map<std::string, Action>>();

  add_within(app, "list", "Show the models on this machine");
  (*actions)["list"] = list;

  CLI::App* inspect_app =
      add_within(app, "inspect", "Show what is in a model or a file of weights");
  const auto inspected = std::make_shared<std::pair<std::string, InspectOptions>>();
  inspect_app->add_option("model", inspected->first, "Name, folder or file")
      ->type_name(kFileType)
      ->required();
  inspect_app->add_flag("--tensors", inspected->second.tensors, "List every tensor");
  inspect_app->add_flag("--load", inspected->second.load,
                        "Load the networks too, and show what matched and how much memory it took");
  (*actions)["inspect"] = [inspected](Context& context) {
    context.out.document() =
        inspect_model(weights::find_model(inspected->first), inspected->second, context);
  };

  CLI::App* pull_app = add_within(app, "pull", "Fetch a model from the Hugging Face hub");
  const auto pulled = std::make_shared<Pull>();
  pull_app->add_option("name", pulled->name, "OWNER/NAME on the hub")
      ->type_name("OWNER/NAME")
      ->required();
  pull_app->add_option("--revision", pulled->hub.revision, "Branch, tag or commit")
      ->type_name("NAME")
      ->capture_default_str();
  pull_app->add_flag("--half", pulled->hub.half_precision,
                     "Take the weights in half precision where the hub has both");
  pull_app->add_option("--file", pulled->hub.files, "Exactly this file; may be repeated")
      ->type_name("PATH")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  (*actions)["pull"] = [pulled](Context& context) { pull(*pulled, context); };

  CLI::App* verify_app =
      add_within(app, "verify", "Check that this machine and a model compute what they should");
  const auto verified = std::make_shared<Verify>();
  verify_app->add_option("model", verified->model, "Name, folder or file; none: the machine alone")
      ->type_name(kModelType);
  verify_app
      ->add_option("--golden", verified->golden,
                   "Folder with results of third-party code for this model, instead of its own "
                   "folder \"golden\"")
      ->type_name(kFolderType);
  (*actions)["verify"] = [verified](Context& context) { verify(*verified, context); };

  return [actions, &app](Context& context) {
    actions->at(app.get_subcommands().front()->get_name())(context);
  };
}

}  // namespace riffle::cli
