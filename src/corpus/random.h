// SPDX-License-Identifier: GPL-3.0-or-later
// The composer's own random numbers (SplitMix64, Steele, Lea, Flood 2014): the same everywhere,
// which the distributions of the standard library are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

namespace riffle::corpus {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next();
  double unit();  // 0 <= x < 1
  double uniform(double low, double high);
  int between(int lowest, int highest);  // both ends may come; lowest <= highest
  bool chance(double probability) { return unit() < probability; }
  double normal();  // mean 0, deviation 1, never beyond 6; of sums only, so the same everywhere
  size_t index(size_t count);                        // 0..count - 1; count >= 1
  size_t weighted(std::span<const double> weights);  // index, in proportion; all >= 0, not all 0

  template <class Container>
  const auto& pick(const Container& from) {
    return from[index(std::size(from))];
  }

  // An independent stream: what is drawn from it leaves this one where it is afterwards.
  Random fork() { return Random(next() ^ 0x9e3779b97f4a7c15U); }

 private:
  uint64_t state_;
};

}  // namespace riffle::corpus
