// Order by score, highest first; equal scores keep the order of their indices.
#pragma once
#include <string.h>

#include "kernels/circles.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

// Ascends as the score descends; -0 and 0 are equal.
inline uint64_t descending_key(double score) {
  const double value = score + 0.0;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits >> 63 ? bits : ~bits & ~(uint64_t{1} << 63);
}

// Sorts n entries by key, byte by byte and stably; bytes that are the same in all are skipped. Returns `entries` or
// `spare`: wherever the result is.
inline Ranked* sort_by_key(Ranked* entries, Ranked* spare, int64_t n) {
  constexpr int kBytes = 8, kValues = 256;
  int64_t counts[kBytes][kValues];
  memset(counts, 0, sizeof counts);
  for (int64_t i = 0; i < n; ++i)
    for (int b = 0; b < kBytes; ++b) ++counts[b][entries[i].key >> (8 * b) & 255];
  for (int b = 0; b < kBytes; ++b) {
    if (n == 0 || counts[b][entries[0].key >> (8 * b) & 255] == n) continue;
    int64_t before = 0;
    for (int v = 0; v < kValues; ++v) {
      const int64_t here = counts[b][v];
      counts[b][v] = before;
      before += here;
    }
    for (int64_t i = 0; i < n; ++i) spare[counts[b][entries[i].key >> (8 * b) & 255]++] = entries[i];
    Ranked* const sorted = spare;
    spare = entries;
    entries = sorted;
  }
  return entries;
}

}  // namespace
}  // namespace motes::MOTES_ISA
