// Order by score, highest first; equal scores keep the order of their indices.
#pragma once
#include <string.h>

#include "kernels/circles.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

// Ascends as the score descends; -0 and 0 are equal.
MOTES_HD inline uint64_t descending_key(double score) {
  const double value = score + 0.0;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits >> 63 ? bits : ~bits & ~(uint64_t{1} << 63);
}

// Digit after digit of the 32 bit keys, stably; digits that are the same in all are skipped. Returns `entries` or `spare`:
// wherever the result is.
template <int Bits>
inline Ranked* sort_by_digits(Ranked* entries, Ranked* spare, int64_t n) {
  constexpr int kDigits = (32 + Bits - 1) / Bits, kValues = 1 << Bits;
  constexpr uint32_t kMask = kValues - 1;
  uint32_t counts[kDigits][kValues];
  memset(counts, 0, sizeof counts);
  for (int64_t i = 0; i < n; ++i)
    for (int d = 0; d < kDigits; ++d) ++counts[d][entries[i].key >> (Bits * d) & kMask];
  for (int d = 0; d < kDigits; ++d) {
    if (counts[d][entries[0].key >> (Bits * d) & kMask] == n) continue;
    uint32_t before = 0;
    for (uint32_t& count : counts[d]) {
      const uint32_t here = count;
      count = before;
      before += here;
    }
    for (int64_t i = 0; i < n; ++i) spare[counts[d][entries[i].key >> (Bits * d) & kMask]++] = entries[i];
    Ranked* const sorted = spare;
    spare = entries;
    entries = sorted;
  }
  return entries;
}

// Sorts n entries by key_of(index), stably. Returns `entries` or `spare`: wherever the result is.
//
// Entries are sorted by the leading 32 bits of what their keys exceed the lowest by. Few are equal there, and these runs
// are sorted in the same way: the rest of their bits are 32 at most.
template <class KeyOf>
inline Ranked* sort_by_key(Ranked* entries, Ranked* spare, int64_t n, KeyOf&& key_of) {
  constexpr int64_t kFew = 24, kMany = 8192;
  if (n <= kFew) {
    for (int64_t i = 1; i < n; ++i) {
      const Ranked entry = entries[i];
      const uint64_t key = key_of(entry.index);
      int64_t at = i;
      for (; at > 0 && key < key_of(entries[at - 1].index); --at) entries[at] = entries[at - 1];
      entries[at] = entry;
    }
    return entries;
  }
  uint64_t lowest = ~uint64_t{0}, highest = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t key = key_of(entries[i].index);
    lowest = key < lowest ? key : lowest;
    highest = key > highest ? key : highest;
  }
  if (lowest == highest) return entries;
  const int bits = 64 - __builtin_clzll(highest - lowest), rest = bits > 32 ? bits - 32 : 0;
  for (int64_t i = 0; i < n; ++i) entries[i].key = static_cast<uint32_t>((key_of(entries[i].index) - lowest) >> rest);
  Ranked* const sorted = n < kMany ? sort_by_digits<8>(entries, spare, n) : sort_by_digits<11>(entries, spare, n);
  if (rest == 0) return sorted;
  Ranked* const other = sorted == entries ? spare : entries;
  for (int64_t from = 0, to; from < n; from = to) {
    for (to = from + 1; to < n && sorted[to].key == sorted[from].key;) ++to;
    if (to == from + 1) continue;
    const Ranked* const run = sort_by_key(sorted + from, other + from, to - from, key_of);
    if (run != sorted + from) memcpy(sorted + from, run, static_cast<size_t>(to - from) * sizeof *run);
  }
  return sorted;
}

// The same by scores, of which that of index 0 stands at `first`.
inline Ranked* sort_by_score(Ranked* entries, Ranked* spare, int64_t n, const void* score, int real_bytes, int64_t first) {
  if (real_bytes == 4)
    return sort_by_key(entries, spare, n, [from = static_cast<const float*>(score) + first](uint32_t i) {
      return descending_key(static_cast<double>(from[i]));
    });
  return sort_by_key(entries, spare, n,
                     [from = static_cast<const double*>(score) + first](uint32_t i) { return descending_key(from[i]); });
}

}  // namespace
}  // namespace motes::MOTES_ISA
