// SPDX-License-Identifier: GPL-3.0-or-later
// Training of CLAP: what a sound is and what is said of it get vectors that lie close together, and
// others far apart (InfoNCE in both directions; Radford et al. 2021, Wu et al. 2023). What a
// caption is true of is never held against it: only captions that say something else count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/clap.h"
#include "shards/shard_reader.h"
#include "text/word_vocabulary.h"
#include "train/random.h"
#include "train/task.h"

namespace riffle::train {

// A small model, some 4 million parameters: the audio tower has three stages over patches of 8 x 8.
// Its vocabulary's size follows from the words.
models::ClapConfig small_clap_config();

struct ClapTaskOptions {
  models::ClapConfig model = small_clap_config();
  models::ClapFeatureConfig features{};
  double least_s = 3;   // of a crop; at most a clip, and never beyond the part captions speak of
  double gain_db = 12;  // crops are made up to so much louder or softer
  uint64_t seed = 0;
  int64_t statistics_sounds = 256;  // for the bands' means and deviations, and for the modality gap
  int64_t validation_sounds = 160;
  // A folder of CLAP whose weights training begins from; `model` and the vocabulary are its own.
  std::filesystem::path start{};
  // The tower that reads stays as it is, so that embeddings stay in the space that models which
  // were trained with them know.
  bool keep_text = false;
  // Share of a second loss: which of all instruments' names is a stem's own (as validate() asks).
  double instrument_share = 0;
  std::string held_out = "MuseScore_General";  // soundfonts of split "test" that were never heard
  at::Device device = at::kCPU;
};

class ClapTask : public Task {
 public:
  // sounds: a corpus as corpus::hear_corpus writes it for CLAP; must outlive this. Throws
  // Error{InvalidArgument} when it has no training sounds, or was heard with other features.
  ClapTask(const shards::ShardReader& sounds, text::WordVocabulary vocabulary,
           ClapTaskOptions options);

  std::string name() const override { return "clap"; }
  Json settings() const override;
  Json circumstances() const override;
  std::vector<ParameterGroup> parameters() override;
  // "log_mel" [B, frames, bands], "ids" [B, T], "true" bool [B, B]: whether caption j is true of
  // sound i, "instrument" int64 [B]: a stem's place among all instruments, -1 for a mix.
  Batch make_batch(int64_t first, int64_t count) override;
  Loss loss(const Batch& batch, const StepContext& at, const Job& job) override;
  // "instrument": how often the stem of an unseen song is nearest to its own instrument's name
  // among all instruments; "unheard soundfont": the same for a soundfont that was held out;
  // "recall at 10", "recall at 1": how often a caption finds its sound among the validation sounds.
  NamedNumbers validate(const Job& job) override;
  // instruments.txt: what every validation stem was taken for.
  void write_samples(const std::filesystem::path& folder, const Job& job) override;
  // A folder that models::Clap loads, with the modality gap as it is now.
  void write_model(const std::filesystem::path& folder, const Job& job) override;

  models::ClapModel& model() { return *model_; }

 private:
  struct Sound {
    size_t record = 0;
    std::vector<std::vector<int64_t>> words;  // of all captions of each segment, sorted
  };
  struct Crop {
    at::Tensor log_mel;  // [frames, bands]
    size_t segment = 0;
  };
  struct Heard {  // stems, and which instrument each of them is
    std::vector<size_t> records;
    std::vector<int64_t> instruments;
  };

  const shards::Record& record(size_t index) const { return sounds_.records()[index]; }
  void keep_text();
  void index_sounds();
  void index_instruments();
  void measure_bands();
  bool is_true(const std::vector<int64_t>& caption, const Sound& sound, size_t segment) const;
  Crop crop(size_t record, Random& chance) const;
  // The middle of the longest part, as it is.
  Crop plain_crop(size_t record) const;
  at::Tensor clip_of(size_t record, int64_t first_frame, int64_t frames, double gain_db) const;
  at::Tensor ids_of(const std::vector<std::string>& texts) const;

  Heard stems_of(shards::Split split, const std::string& soundfont, int64_t most) const;
  at::Tensor embed_sounds(const std::vector<size_t>& records, const Job& job);
  at::Tensor embed_texts(const std::vector<std::string>& texts, const Job& job);
  int64_t place_of_instrument(const shards::Record& record, const shards::Segment& segment) const;
  // All instruments' names in the space of sounds, [instruments, dim]; learns as the text does.
  at::Tensor instrument_names(const Job& job);
  at::Tensor embed_instruments(const Job& job);  // the same without gradients, on the CPU
  // Cosines of stems with all instruments, [stems, instruments].
  at::Tensor likeness(const Heard& stems, const Job& job);

  const shards::ShardReader& sounds_;
  text::WordVocabulary vocabulary_;
  ClapTaskOptions options_;
  models::ClapTokenizer tokenizer_;
  std::shared_ptr<models::ClapModel> model_;
  std::vector<Sound> training_;
  ShuffledOrder order_;
  std::vector<std::string> instruments_;  // every word, sorted
};

// The words of all training captions of such a corpus.
text::WordVocabulary build_clap_vocabulary(const shards::ShardReader& sounds, int64_t at_least = 2);

}  // namespace riffle::train
