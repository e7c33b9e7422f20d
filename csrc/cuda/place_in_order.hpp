// Entries that stand as patterns keep them: found to be so, and written.
#pragma once
#include "cuda/entries.hpp"
#include "cuda/patterns_part.hpp"
#include "cuda/scan.hpp"

namespace motes::cuda {

// Whether some entry does not follow on the one before it: an earlier row, or in the same one no later column. Blocks that
// begin after one was found look no more, so that entries in any other order cost nothing.
struct LookForDisorder {
  static constexpr int kThreads = 256, kEach = 32, kTile = kThreads * kEach;
  struct Thread {};
  motes_coo entries;
  uint32_t* found;

  int64_t blocks() const { return blocks_for(entries.size, kTile); }
  int64_t shared_bytes() const { return 0; }
  MOTES_HD unsigned char* shared(unsigned char* memory) const { return memory; }
  MOTES_HD int64_t phases(int64_t) const { return 1; }
  MOTES_HD void phase(int64_t, const Spot& at, unsigned char* const&, Thread&) const {
    if (*static_cast<volatile const uint32_t*>(found)) return;
    for (int j = 0; j < kEach; ++j) {
      const int64_t i = at.block * kTile + j * kThreads + at.thread;
      if (i < 1 || i >= entries.size) continue;
      const int64_t row = read_one(entries.row, i), before = read_one(entries.row, i - 1);
      if (row > before || (row == before && read_one(entries.column, i) > read_one(entries.column, i - 1))) continue;
      or_bits_once(found, 1);
      return;
    }
  }
};

template <class Pixel>
struct PlaceInOrder {
  motes_coo entries;
  Pixel* pixels;
  uint32_t* lengths;  // of patterns, less multiples of 2^32
  MOTES_HD void operator()(int64_t i) const {
    pixels[i] = static_cast<Pixel>(read_one(entries.column, i));
    const int64_t row = read_one(entries.row, i);
    if (i == 0 || read_one(entries.row, i - 1) != row) add_fixed(lengths + row, 0u - static_cast<uint32_t>(i));
    if (i == entries.size - 1 || read_one(entries.row, i + 1) != row)
      add_fixed(lengths + row, static_cast<uint32_t>(i) + 1);
  }
};

template <class Pixel, class Queue, class Room>
motes_patterns place_in_order(Queue& queue, const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, Room& room) {
  auto* const lengths = queue.template array<uint32_t>(n_patterns);
  auto* const indptr = room.template of<int64_t>(PatternsPart::indptr, n_patterns + 1);
  auto* const pixels = room.template of<Pixel>(PatternsPart::pixels, entries.size);
  queue.zero(lengths, n_patterns);
  for_each(queue, entries.size, PlaceInOrder<Pixel>{entries, pixels, lengths});
  sums_before(queue, lengths, n_patterns, indptr);
  return {sizeof(motes_patterns), n_patterns, n_pixels, indptr, pixels, static_cast<int>(sizeof(Pixel)), 0,
          room.template of<int64_t>(PatternsPart::multi_position, 0), room.template of<int32_t>(PatternsPart::multi_extra, 0)};
}

}  // namespace motes::cuda
