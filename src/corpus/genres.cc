// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/genres.h"

#include <fmt/format.h>

#include "core/error.h"
#include "corpus/detail/genre_tables.h"

namespace riffle::corpus {

std::span<const Genre> genre_table() {
  static const std::vector<Genre> table = [] {
    std::vector<Genre> all;
    for (const auto part :
         {detail::band_genres(), detail::electronic_genres(), detail::acoustic_genres()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

const Genre& genre_named(std::string_view name) {
  std::string known;
  for (const Genre& genre : genre_table()) {
    if (genre.name == name) return genre;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", genre.name);
  }
  throw Error(ErrorCode::InvalidArgument, fmt::format("genre '{}' is not known", name),
              fmt::format("genres are {}", known));
}

}  // namespace riffle::corpus
