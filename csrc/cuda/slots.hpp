// Where blocks of entries begin that can be sorted in shared memory, whatever segments have been made of them.
//
// Each region is cut into slots of Share::kAll / 2 places. A segment of no more entries than a slot has places belongs to
// the slot in which it begins, so that those of a slot, which stand one after the other, fit a block. Of a larger segment
// all keys are equal: it is the last of its slot, and needs no sorting.
#pragma once
#include "cuda/partition.hpp"
#include "cuda/select.hpp"

namespace motes::cuda {

struct Slots {
  const int64_t* regions;  // where each begins, and one more
  const int64_t* before;   // slots before each region, and one more
  int64_t *begin, *end;    // entries of each slot
  int64_t* alike;          // where entries of one key begin that are not to be sorted
  int64_t n, n_regions, places;

  MOTES_HD int64_t region_of(int64_t slot) const {
    int64_t low = 0, high = n_regions;
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (before[middle] <= slot ? low : high) = middle;
    }
    return low;
  }
  MOTES_HD void put(const Segment& segment) const {
    const int64_t slot = before[segment.region] + (segment.begin - regions[segment.region]) / places;
    take_smaller(begin + slot, segment.begin);
    take_larger(end + slot, segment.end);
    if (segment.size() > places) alike[slot] = segment.begin;
  }
};

struct CountSlots {
  const int64_t* regions;
  int64_t places;
  int64_t* n_slots;
  MOTES_HD void operator()(int64_t r) const { n_slots[r] = (regions[r + 1] - regions[r] + places - 1) / places; }
};

struct TooLarge {
  Children children;
  int64_t places;
  MOTES_HD bool operator()(int64_t c) const { return children(c).size() > places; }
};

// Segments that need no more bits. `bits_left` of the keys have not been looked at.
struct PutSegments {
  Children children;
  Slots slots;
  int bits_left;
  MOTES_HD void operator()(int64_t c) const {
    const Segment segment = children(c);
    if (segment.size() > 0 && (bits_left == 0 || segment.size() <= slots.places)) slots.put(segment);
  }
};

struct TakeSegments {
  Children children;
  const uint32_t* which;  // null: all
  Segment* segments;
  MOTES_HD void operator()(int64_t i) const { segments[i] = children(which ? which[i] : i); }
};

template <class Queue>
Slots slots_of(Queue& queue, const int64_t* regions, int64_t n_regions, int64_t size, int64_t places) {
  auto* const before = queue.template array<int64_t>(n_regions + 1);
  for_each(queue, n_regions, CountSlots{regions, places, before});
  sums_before(queue, before, n_regions, before);
  const int64_t n = size / places + n_regions;
  const Slots slots{regions, before, queue.template array<int64_t>(n), queue.template array<int64_t>(n),
                    queue.template array<int64_t>(n), n, n_regions, places};
  fill(queue, slots.begin, n, INT64_MAX);
  queue.zero(slots.end, n);
  fill(queue, slots.alike, n, INT64_MAX);
  return slots;
}

}  // namespace motes::cuda
