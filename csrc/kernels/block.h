// A block of consecutive patterns, and the order in which its inner loops take them.
//
// In order of length, runs of patterns have equally long loops, so that their ends are predicted: a mispredicted branch
// at the end of every short pattern costs as much as its photons.
#pragma once
#include <string.h>

#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

struct Block {
  int64_t first;
  int size;
  uint16_t order[kMaxBlock];
};

constexpr int kLongest = 255;  // longer ones are taken last, in any order: their ends are rare

inline void order_by_length(const int64_t* indptr, Block& block) {
  uint16_t start[kLongest + 2];
  uint8_t length[kMaxBlock];
  memset(start, 0, sizeof start);
  const int64_t* row = indptr + block.first;
  for (int k = 0; k < block.size; ++k) {
    const int64_t photons = row[k + 1] - row[k];
    length[k] = static_cast<uint8_t>(photons < kLongest ? photons : kLongest);
  }
  for (int k = 0; k < block.size; ++k) ++start[length[k] + 1];
  for (int l = 0; l <= kLongest; ++l) start[l + 1] = static_cast<uint16_t>(start[l + 1] + start[l]);
  for (int k = 0; k < block.size; ++k) block.order[start[length[k]]++] = static_cast<uint16_t>(k);
}

// Lit pixels of the longest pattern of an ordered block.
inline int64_t longest_of(const int64_t* indptr, const Block& block) {
  const int64_t* row = indptr + block.first;
  int64_t longest = 0;
  for (int k = block.size - 1; k >= 0; --k) {
    const int64_t length = row[block.order[k] + 1] - row[block.order[k]];
    if (length > longest) longest = length;
    if (length < kLongest) break;
  }
  return longest;
}

// How many patterns a block holds so that its scores (`bytes` a pattern) fit the cache.
inline int block_size(int64_t bytes) {
  constexpr int64_t kCache = 1 << 17;
  const int64_t fit = kCache / bytes / 16 * 16;
  return static_cast<int>(fit < 16 ? 16 : fit > kMaxBlock ? kMaxBlock : fit);
}

// Calls visit(k, pixel, extra) for the photons beyond the first of each pixel of patterns first + k, k < size.
template <class Pixel, class Visit>
inline void for_each_multi(const motes_patterns& patterns, int64_t first, int size, Visit visit) {
  if (patterns.n_multi == 0) return;
  const auto* pixels = static_cast<const Pixel*>(patterns.pixels);
  const int64_t* row = patterns.indptr + first;
  int64_t low = 0, high = patterns.n_multi;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (patterns.multi_position[middle] < row[0]) low = middle + 1;
    else high = middle;
  }
  int k = 0;
  for (int64_t m = low; m < patterns.n_multi && patterns.multi_position[m] < row[size]; ++m) {
    const int64_t position = patterns.multi_position[m];
    while (row[k + 1] <= position) ++k;
    visit(k, static_cast<int64_t>(pixels[position]), patterns.multi_extra[m]);
  }
}

}  // namespace
}  // namespace motes::MOTES_ISA
