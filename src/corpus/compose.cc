// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/compose.h"

#include <algorithm>

#include "corpus/band.h"
#include "corpus/expression.h"
#include "corpus/form.h"
#include "corpus/genres.h"
#include "corpus/harmony.h"
#include "corpus/perform.h"

namespace riffle::corpus {

std::vector<std::string> genres() {
  std::vector<std::string> names;
  for (const Genre& genre : genre_table()) names.emplace_back(genre.name);
  return names;
}

Song compose(uint64_t seed, const ComposeOptions& options) {
  Random random(seed);
  Score score;
  const size_t drawn = random.index(genre_table().size());
  score.genre = options.genre.empty() ? &genre_table()[drawn] : &genre_named(options.genre);
  score.song.seed = seed;
  const bool solo = random.chance(options.solo_share);
  draw_facts(score, random);
  draw_sections(score, solo, random);
  write_harmony(score, random);
  if (solo) {
    add_soloist(score, random);
  } else {
    // Streams of their own: whether MMA is there changes nothing that comes later.
    const bool wants_mma = random.chance(options.mma_share);
    Random mma = random.fork();
    Random own = random.fork();
    if (!wants_mma || !add_mma_band(score, mma)) add_band(score, own);
  }
  cast_sections(score, random);
  perform(score, random);
  add_expression(score, random);
  return score.song;
}

}  // namespace riffle::corpus
