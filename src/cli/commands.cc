// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"

#include "cli/listen_command.h"
#include "cli/train_commands.h"

namespace riffle::cli {

namespace {

// The pipelines' commands come first: they are what most people came for.
std::vector<Command> after_pipelines(const std::vector<Command>& others) {
  std::vector<Command> all = pipeline_commands();
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = after_pipelines({
      {"audio-to-image", "Sound and pictures", "Make a spectrogram picture of a sound",
       "riffle audio-to-image song.mp3 song.png\n"
       "riffle audio-to-image --audio song.wav --image song.png --stereo --20khz\n"
       "riffle audio-to-image --tile-width 512 concert.flac tiles/concert.png",
       add_audio_to_image},
      {"image-to-audio", "Sound and pictures", "Make a sound of spectrogram pictures",
       "riffle image-to-audio song.png song.wav\n"
       "riffle image-to-audio --image song.png --audio song.mp3 --loudness -14\n"
       "riffle image-to-audio tiles/ concert.flac\n"
       "riffle image-to-audio 'tiles/concert-*.png' concert.flac --keep-loudness\n"
       "riffle image-to-audio song.png as-riffusion.wav --compat --seed 42",
       add_image_to_audio},
      {"info", "Sound and pictures", "Show what is in sound files and pictures",
       "riffle info song.mp3\n"
       "riffle info --json clips/*.wav pictures/*.png",
       add_info},
      {"print-exif", "Sound and pictures", "Print the tags of a picture",
       "riffle print-exif clip.png\n"
       "riffle print-exif --image clip.jpg --json",
       add_print_exif},
      {"sample-clips", "Training material", "Cut clips from random places of a sound",
       "riffle sample-clips song.mp3 clips/ --num-clips 8\n"
       "riffle sample-clips --audio song.mp3 --output-dir clips --num-clips 3 \\\n"
       "    --duration-ms 5678 --seed 42",
       add_sample_clips},
      {"sample-clips-batch", "Training material",
       "Cut clips from random places of every sound in a folder",
       "riffle sample-clips-batch music/ clips/ --num-clips-per-file 8 --seed 1\n"
       "riffle sample-clips-batch --audio-dir music --output-dir clips --glob '*.flac' --mono",
       add_sample_clips_batch},
      {"audio-to-images-batch", "Training material",
       "Make a spectrogram picture of every sound in a folder",
       "riffle audio-to-images-batch clips/ pictures/\n"
       "riffle audio-to-images-batch --audio-dir music --output-dir pictures --recursive \\\n"
       "    --image-extension png --mono",
       add_audio_to_images_batch},
      {"corpus", "Training material", "Make training data, and count it",
       "riffle corpus synth corpus/ --songs 3000 --seed 1 --jobs 1\n"
       "riffle corpus synth corpus/ --songs 100 --genre funk --soundfont FluidR3_GM --stems "
       "--midi\n"
       "riffle corpus build music/ corpus/ --caption \"piano improvisation\"\n"
       "riffle corpus build musdb18hq/ corpus/\n"
       "riffle corpus pairs corpus/ pairs/ --model riffle-small --clap riffle-band/clap\n"
       "riffle corpus info corpus/ --json",
       add_corpus},
      train_command(),
      {"models", "Models", "List, inspect, fetch and check models",
       "riffle models list\n"
       "riffle models inspect riffusion/riffusion-model-v1\n"
       "riffle models pull riffusion/riffusion-model-v1 --half\n"
       "riffle models verify riffusion/riffusion-model-v1 --json",
       add_models},
      {"serve", "Server", "Serve the API and the studio, to the browser and to programs",
       "riffle serve\n"
       "riffle serve --port 8080 --model models/riff --library ~/music/riffle\n"
       "RIFFLE_API_KEY=secret riffle serve --host 0.0.0.0 --allow-host studio.example.org",
       add_serve},
      {"bench", "Models", "Measure how fast a model runs on this machine",
       "riffle bench unet --random-weights sd15\n"
       "riffle bench codec\n"
       "riffle bench e2e --model models/riff --preset fast\n"
       "riffle bench text unet vae --model models/riff --low-memory --json",
       add_bench},
      {"eval", "Models", "Judge a model, its parts, or recordings",
       "riffle eval riffle-small --quick\n"
       "riffle eval riffle-small --corpus corpus/ -o judged/ --require\n"
       "riffle eval audio take-1.wav take-2.flac\n"
       "riffle eval codec --corpus corpus/\n"
       "riffle eval autoencoder riffle-small --corpus corpus/\n"
       "riffle eval sheet riffle-small -o sheet/\n"
       "riffle eval band riffle-band corpus/ --keep\n"
       "riffle eval train-judge corpus/ models/judges",
       add_eval},
      {"listen-test", "Models", "Make a blind listening test, and sum up its scores",
       "riffle listen-test systems/ -o test/ --reference true-stem \\\n"
       "    --question \"How good is the sound?\" --question \"Does it fit the music?\"\n"
       "riffle listen-test --scores anna.csv --scores ben.csv --reference true-stem",
       add_listen_test},
      {"completion", "Shell", "Print a completion script for bash or zsh",
       "riffle completion bash > ~/.local/share/bash-completion/completions/riffle\n"
       "riffle completion zsh > ~/.zfunc/_riffle",
       add_completion},
      {"docs", "", "Print the reference of all commands as Markdown", "riffle docs > docs/cli.md",
       add_docs},
  });
  return kCommands;
}

}  // namespace riffle::cli
