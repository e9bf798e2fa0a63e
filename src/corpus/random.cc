// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/random.h"

namespace riffle::corpus {

uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15U;
  uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

double Random::unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * unit(); }

int Random::between(int lowest, int highest) {
  return lowest + static_cast<int>(index(static_cast<size_t>(highest - lowest) + 1));
}

double Random::normal() {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += unit();
  return sum;
}

size_t Random::index(size_t count) { return ((next() >> 32U) * count) >> 32U; }

size_t Random::weighted(std::span<const double> weights) {
  double left = 0;
  for (const double weight : weights) left += weight;
  left *= unit();
  for (size_t i = 0; i < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) return i;
  }
  size_t last = weights.size() - 1;
  while (last > 0 && weights[last] <= 0) --last;
  return last;
}

}  // namespace riffle::corpus
