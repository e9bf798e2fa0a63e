// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train: models of one's own, from a corpus that riffle corpus made.
#include <array>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "cli/train_commands.h"

namespace riffle::cli {
namespace {

struct Row {
  const char* name;
  const char* summary;
  Action (*add)(CLI::App& app);
};

constexpr std::array kRows{
    Row{"autoencoder", "Train the autoencoder of spectrogram pictures", add_train_autoencoder},
    Row{"latents", "Encode a corpus once, ahead of training on it", add_train_latents},
    Row{"riff", "Train a model that makes music from prompts", add_train_riff},
    Row{"accompany", "Train a model that plays along", add_train_accompany},
    Row{"lora", "Train an adapter for a model", add_train_lora},
    Row{"distill", "Train an adapter that samples a model in few steps", add_train_distill},
    Row{"clap", "Train what tells sounds and sentences apart", add_train_clap},
    Row{"cae", "Train an autoencoder of waveforms in one loss", add_train_cae},
    Row{"average", "Make the model between two", add_train_average},
    Row{"plot", "Draw the curves of a run", add_train_plot},
};

// A command within "train", with those of its examples that show it.
CLI::App* add_within(CLI::App& app, const Row& row) {
  CLI::App* command = app.add_subcommand(row.name, row.summary);
  command->fallthrough();
  std::istringstream lines(app.get_footer());
  std::string footer = "Examples:";
  bool shown = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  riffle ")) {
      shown = line.starts_with("  riffle train " + std::string(row.name));
    }
    if (shown) footer += "\n" + line;
  }
  command->footer(footer);
  return command;
}

Action add_train(CLI::App& app) {
  app.require_subcommand(1);
  const auto actions = std::make_shared<std::map<std::string, Action>>();
  for (const Row& row : kRows) (*actions)[row.name] = row.add(*add_within(app, row));
  return [actions, &app](Context& context) {
    actions->at(app.get_subcommands().front()->get_name())(context);
  };
}

}  // namespace

Command train_command() {
  return {"train", "Training material", "Train models on a corpus",
          "riffle train autoencoder corpus/ mine/ --steps 20000\n"
          "riffle train latents corpus/ --model mine\n"
          "riffle train riff corpus/ mine/ --steps 50000 --max-minutes 30\n"
          "riffle train lora riffusion/riffusion-model-v1 corpus/ banjo.safetensors\n"
          "riffle train distill mine corpus/ mine/few_steps.safetensors --precision auto\n"
          "riffle train accompany pairs/ band/ --model riffle-small --clap clap/ --steps 100000\n"
          "riffle train clap corpus/ band/ --steps 5000\n"
          "riffle train cae corpus/ band/ --steps 50000 --device cuda\n"
          "riffle train average mine/ riffle-small between/ --share 0.25\n"
          "riffle train plot mine/training/riff -o curves.png --smooth 0.9",
          add_train};
}

}  // namespace riffle::cli
