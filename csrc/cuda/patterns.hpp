// Patterns in device memory, and how a thread walks through the photons of one.
#pragma once
#include <stdint.h>

#include "cuda/phases.hpp"

namespace motes::cuda {

constexpr int64_t kReadable = 16;  // bytes

// As motes_patterns. `pixels` begins at a multiple of 16 bytes and can be read for kReadable after its end.
template <class Pixel>
struct PatternsOn {
  int64_t n_patterns, n_pixels;
  const int64_t* indptr;
  const Pixel* pixels;
  int64_t n_multi;
  const int64_t* multi_position;
  const int32_t* multi_extra;
};

// 16 bytes, the most that one load of a thread brings: 8 photons, or 4.
struct alignas(16) Word {
  uint32_t bits[4];
};

template <class Pixel>
MOTES_HD inline int64_t pixel_in(const Word& word, int k) {
  if constexpr (sizeof(Pixel) == 4)
    return word.bits[k];
  else
    return (word.bits[k / 2] >> (16 * (k % 2))) & 0xffffu;
}

// Calls visit(pixel) for the photons of pattern p, in their order.
template <class Pixel, class Visit>
MOTES_HD inline void for_each_photon(const PatternsOn<Pixel>& patterns, int64_t p, Visit visit) {
  constexpr int kEach = static_cast<int>(sizeof(Word) / sizeof(Pixel));
  const int64_t first = patterns.indptr[p], last = patterns.indptr[p + 1];
  const auto* words = reinterpret_cast<const Word*>(patterns.pixels);
  for (int64_t w = first / kEach; w * kEach < last; ++w) {
    const Word word = words[w];
    const int64_t before = first - w * kEach, rest = last - w * kEach;
    const int begin = before > 0 ? static_cast<int>(before) : 0, end = rest < kEach ? static_cast<int>(rest) : kEach;
    MOTES_UNROLL
    for (int k = 0; k < kEach; ++k)
      if (k >= begin && k < end) visit(pixel_in<Pixel>(word, k));
  }
}

// Calls visit(pixel, extra) for the photons beyond the first of each pixel of pattern p.
template <class Pixel, class Visit>
MOTES_HD inline void for_each_multi(const PatternsOn<Pixel>& patterns, int64_t p, Visit visit) {
  if (patterns.n_multi == 0) return;
  int64_t low = 0, high = patterns.n_multi;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (patterns.multi_position[middle] < patterns.indptr[p])
      low = middle + 1;
    else
      high = middle;
  }
  for (int64_t m = low; m < patterns.n_multi && patterns.multi_position[m] < patterns.indptr[p + 1]; ++m)
    visit(static_cast<int64_t>(patterns.pixels[patterns.multi_position[m]]), patterns.multi_extra[m]);
}

}  // namespace motes::cuda
