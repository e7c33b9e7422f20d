// Suppression of maps: see motes/suppression.hpp. What is a peak, and in which order, is as on the CPU.
#pragma once
#include "cuda/ordered.hpp"
#include "cuda/rounds.hpp"
#include "cuda/scores.hpp"
#include "kernels/disc.h"

namespace motes::cuda {

struct Maps {
  Scores scores;  // a part is a map
  int64_t height, width;
  int64_t reach;              // of the disc, in rows
  const int64_t* half_width;  // reach + 1
  double threshold;
  uint8_t *taken, *kept;

  // visit(j) for each pixel of the disc about i but i itself, those nearby first; returning true ends it.
  template <class Visit>
  MOTES_HD bool around(int64_t i, const Visit& visit) const {
    const int64_t y = i / width % height, x = i % width, left = i - x;
    for (int64_t dy = 0; dy <= reach; ++dy) {
      const int64_t half = half_width[dy];
      for (int64_t dx = 0; dx <= half; ++dx)
        for (int side = 0; side < 4; ++side) {
          if ((side & 1 && dx == 0) || (side & 2 && dy == 0) || (dx == 0 && dy == 0)) continue;
          const int64_t row = side & 2 ? y + dy : y - dy, column = side & 1 ? x + dx : x - dx;
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          if (visit(left + (row - y) * width + column)) return true;
        }
    }
    return false;
  }
  MOTES_HD void take_disc(int64_t i) const {
    around(i, [this](int64_t j) {
      mark(taken + j);
      return false;
    });
  }
};

struct SetBorders {
  int64_t size;
  int64_t* indptr;
  MOTES_HD void operator()(int64_t map) const { indptr[map] = map * size; }
};

struct SetHalfWidth {
  double radius;
  int64_t width;
  int64_t* half_width;
  MOTES_HD void operator()(int64_t dy) const { half_width[dy] = MOTES_ISA::disc_half_width(radius, dy, width); }
};

struct AboveThreshold : Maps {
  MOTES_HD bool operator()(int64_t i) const { return scores.at(i) > threshold; }
};

// A pixel is a peak if none that is open in the disc about it is better. Peaks of earlier rounds are too far to matter.
struct KeepPeak : Maps {
  MOTES_HD void operator()(uint32_t i) const {
    const bool blocked = around(i, [&](int64_t j) { return !taken[j] && scores.before(j, i); });
    if (!blocked) mark(kept + i);
  }
};

struct TakeDisc : Maps {
  MOTES_HD void operator()(uint32_t i) const {
    if (kept[i]) take_disc(i);
  }
};

struct PixelStaysOpen : Maps {
  MOTES_HD bool operator()(uint32_t i) const { return !kept[i] && !taken[i]; }
};

struct PixelIsLeft : Maps {
  MOTES_HD bool operator()(int64_t i) const { return !kept[i] && !taken[i] && scores.at(i) > threshold; }
};

// Those left over, by ordered.hpp.
struct SettlePixels : Maps {
  struct Item {
    int64_t y, x;
  };
  MOTES_HD Item item(uint32_t i) const { return {i / width % height, i % width}; }
  MOTES_HD bool is_open(uint32_t i) const { return !taken[i]; }
  MOTES_HD bool is_near(const Item& later, const Item& before) const {
    const int64_t dy = later.y > before.y ? later.y - before.y : before.y - later.y;
    const int64_t dx = later.x > before.x ? later.x - before.x : before.x - later.x;
    return dy <= reach && dx <= half_width[dy];
  }
  MOTES_HD void keep(uint32_t i) const {
    mark(kept + i);
    take_disc(i);
  }
  MOTES_HD void take(uint32_t) const {}  // the one that takes it does
};

struct IsPeak : Maps {
  MOTES_HD bool operator()(int64_t i) const { return kept[i]; }
};

struct WritePeaks {
  const uint32_t* ordered;
  int64_t size;
  int64_t* peak;
  MOTES_HD void operator()(int64_t k) const { peak[k] = ordered[k] % size; }
};

// Returns how many peaks there are in all maps, map after map; room(n) gives the memory for their indices, each in its own
// map. All pointers are the device's; maps have 2^32 pixels together at most. Waits.
template <class Queue, class Room>
int64_t suppress_maps(Queue& queue, const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width,
                      double radius, double threshold, Room&& room, int64_t* peak_indptr) {
  const int64_t size = height * width, n = n_maps * size, reach = MOTES_ISA::disc_reach(radius, height);
  auto* const indptr = queue.template array<int64_t>(n_maps + 1);
  auto* const half_width = queue.template array<int64_t>(reach + 1);
  auto* const taken = queue.template array<uint8_t>(n);
  auto* const kept = queue.template array<uint8_t>(n);
  const Maps maps{{map, real_bytes, n, n_maps, indptr}, height, width, reach, half_width, threshold, taken, kept};
  for_each(queue, n_maps + 1, SetBorders{size, indptr});
  for_each(queue, reach + 1, SetHalfWidth{radius, width, half_width});
  queue.zero(taken, n);
  queue.zero(kept, n);
  const Selected candidates = select(queue, n, AboveThreshold{maps});
  const auto round = [&](const Open& open, uint32_t* to, uint32_t* n_to) {
    for_each_open(queue, open, KeepPeak{maps});
    for_each_open(queue, open, TakeDisc{maps});
    queue.launch(Leave<PixelStaysOpen>{PixelStaysOpen{maps}, open, to, n_to});
  };
  if (in_rounds(queue, candidates.index, candidates.n, round) > 0)
    decide_in_order(queue, maps.scores, select(queue, n, PixelIsLeft{maps}), SettlePixels{maps});
  const Selected found = select(queue, n, IsPeak{maps});
  for_each(queue, n_maps + 1, CountParts{maps.scores, found, peak_indptr});
  const uint32_t* const ordered = in_order_of_score(queue, maps.scores, found);
  for_each(queue, found.n, WritePeaks{ordered, size, room(found.n)});
  return found.n;
}

struct ReadPeak {
  Scores peaks;  // a part is a map; `score` is the maps
  int64_t height, width;
  const int64_t* peak;
  int64_t* centre;
  void* score;
  MOTES_HD void operator()(int64_t k) const {
    const int64_t at = peak[k], pixel = peaks.part_of(k) * height * width + at;
    centre[2 * k] = at % width;
    centre[2 * k + 1] = at / width;
    if (peaks.real_bytes == 4) static_cast<float*>(score)[k] = static_cast<const float*>(peaks.score)[pixel];
    else static_cast<double*>(score)[k] = static_cast<const double*>(peaks.score)[pixel];
  }
};

// peak_indptr is the host's.
template <class Queue>
void read_peaks(Queue& queue, const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width,
                const int64_t* peak, const int64_t* peak_indptr, int64_t* centre, void* score) {
  const int64_t n = peak_indptr[n_maps];
  const Scores peaks{map, real_bytes, n, n_maps, queue.upload(peak_indptr, n_maps + 1)};
  for_each(queue, n, ReadPeak{peaks, height, width, peak, centre, score});
}

}  // namespace motes::cuda
