// SPDX-License-Identifier: GPL-3.0-or-later
// Where models lie on this machine, and finding one by its name.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::weights {

// Folders searched for models, first to last: those in $RIFFLE_MODELS (separated by ':'), "models"
// in the current folder, "models" and "share/riffle/models" beside or above the program, the user's
// data_folder()/models, and what was pulled from the hub. Folders that do not exist are left out.
std::vector<std::filesystem::path> model_folders();

// Where pulled models are kept: cache_folder()/models. "owner/name" lies in "owner--name".
std::filesystem::path pulled_models_folder();
std::string folder_name_of(std::string_view repository);

// Shipped: in a folder that belongs to the program. Own: in one of the user's. Pulled: from the
// hub.
enum class ModelOrigin { Shipped, Own, Pulled };
std::string_view name_of(ModelOrigin origin);  // "shipped", "own", "pulled"

struct ModelEntry {
  std::string name;  // what find_model takes
  std::filesystem::path path;
  ModelOrigin origin = ModelOrigin::Own;
};

// Every model in model_folders(), in that order, then by name. A name found twice is listed once:
// the first hides the others, as in find_model.
std::vector<ModelEntry> list_models();

// A path (anything that exists), the name of a model in model_folders(), or a hub name that was
// pulled ("owner/name"). Throws Error{NotFound} that says where was looked.
std::filesystem::path find_model(const std::string& name);

}  // namespace riffle::weights
