// Non-maximum suppression of circles and of maps: see motes/suppression.hpp.
#include "kernels/suppression.h"

#include "kernels/cells.h"
#include "kernels/disc.h"
#include "kernels/grid.h"
#include "kernels/order.h"

namespace motes::MOTES_ISA {
namespace {

enum Fate : uint8_t { kOpen, kKept, kTaken };

// In order of score, circles lie anywhere in memory.
constexpr int64_t kAhead = 16;

inline void prefetch(const motes_circles& c, int64_t i) {
  __builtin_prefetch(static_cast<const char*>(c.centre) + 2 * i * c.real_bytes);
  __builtin_prefetch(static_cast<const char*>(c.radius) + i * c.real_bytes);
}

// A binary heap of circles: the highest score above, of equal scores the lowest index.
struct Heap {
  int32_t* items;
  const double* score;
  int64_t size;

  bool above(int32_t a, int32_t b) const { return score[a] > score[b] || (score[a] == score[b] && a < b); }
  void sink(int64_t at) {
    const int32_t item = items[at];
    for (int64_t child; (child = 2 * at + 1) < size; at = child) {
      if (child + 1 < size && above(items[child + 1], items[child])) ++child;
      if (!above(items[child], item)) break;
      items[at] = items[child];
    }
    items[at] = item;
  }
};

// Who has the highest score of all that are near stays, and takes them. Circles are taken up as they lie in the grid, each
// after the best one near it: the order in which fates become known is not that of the scores, the fates are the same, and
// what is read stays in the cache.
template <bool kRadii>
void settle(Grid<kRadii>& grid, const GridMemory& memory) {
  uint8_t* const fate = memory.fate;
  uint32_t* const waiting = memory.cell;  // no longer needed; each waits for one that is before it
  memset(fate, kOpen, grid.size());
  for (uint32_t next = 0; next < grid.size(); ++next) {
    waiting[0] = next;
    for (int64_t depth = 1; depth > 0;) {
      const uint32_t k = waiting[depth - 1];
      if (fate[k] != kOpen) {
        --depth;
        continue;
      }
      uint32_t best = k;  // of all near and open: those that stay have taken what is near them
      const Asker asker = grid.asker(k);
      grid.near(asker, asker.score, [&](uint32_t j) {
        if (grid.before(j, best)) best = j;
      });
      if (best != k) {
        waiting[depth++] = best;
        continue;
      }
      grid.near(asker, -static_cast<double>(INFINITY), [&](uint32_t j) {
        if (j == k) return;
        fate[j] = kTaken;
        grid.remove(j);
      });
      fate[k] = kKept;
      --depth;
    }
  }
}

// Who is first of those near each that was taken: only those that stay are searched.
template <bool kRadii>
void write_suppressors(Grid<kRadii>& grid, const motes_circles& circles, const void* score, const uint8_t* fate,
                       Ranked* as_sorted, int64_t* suppressor, Lane lane) {
  const uint32_t n = grid.size();
  for (uint32_t k = 0; k < n; ++k) as_sorted[k] = {fate[k], static_cast<uint32_t>(grid.index(k))};
  grid.thin_out([=](uint32_t k) { return fate[k] == kKept; });
  for (uint32_t k = 0; k < n; ++k) {
    const uint32_t i = as_sorted[k].index;
    suppressor[i] = -1;
    if (as_sorted[k].key == kKept) continue;
    const Circle c = circle_at(circles, lane.begin + i);
    const Asker asker{c.x, c.y, c.r, number_at(score, circles.real_bytes, lane.begin + i), i};
    int64_t first = -1;
    grid.near(asker, asker.score, [&](uint32_t j) {
      if (first < 0 || grid.before(j, static_cast<uint32_t>(first))) first = j;
    });
    suppressor[i] = lane.begin + grid.index(static_cast<uint32_t>(first));
  }
}

template <bool kRadii>
int64_t write_settled(Grid<kRadii>& grid, const motes_circles& circles, const void* score, const SuppressionMemory& memory,
                      int64_t* kept, int64_t* suppressor, Lane lane) {
  const uint8_t* const fate = memory.grid.fate;
  const uint32_t n = grid.size();
  auto* const stays = reinterpret_cast<uint8_t*>(memory.grid.cell);  // in the order of the indices
  for (uint32_t k = 0; k < n; ++k) stays[grid.index(k)] = fate[k] == kKept;
  if (suppressor) write_suppressors(grid, circles, score, fate, memory.spare, suppressor, lane);
  int64_t n_kept = 0;
  for (uint32_t i = 0; i < n; ++i) {
    memory.ranked[n_kept].index = i;
    n_kept += stays[i];
  }
  const Ranked* ranked = sort_by_score(memory.ranked, memory.spare, n_kept, score, circles.real_bytes, lane.begin);
  for (int64_t k = 0; k < n_kept; ++k) kept[k] = lane.begin + ranked[k].index;
  return n_kept;
}

template <class Real, bool kRadii>
bool fill(Grid<kRadii>& grid, const motes_circles& circles, const void* score, Lane lane) {
  return grid.fill(static_cast<const Real*>(circles.centre) + 2 * lane.begin, static_cast<const Real*>(circles.radius) + lane.begin,
                   static_cast<const Real*>(score) + lane.begin, lane.end - lane.begin);
}

// How many were kept, or -1 if this way would be slow.
template <bool kRadii>
int64_t suppress_by_grid(const motes_circles& circles, const void* score, const Nearness& near, const SuppressionMemory& memory,
                         int64_t* kept, int64_t* suppressor, Lane lane) {
  Grid<kRadii> grid(memory.grid, near);
  const bool fits = circles.real_bytes == 4 ? fill<float>(grid, circles, score, lane) : fill<double>(grid, circles, score, lane);
  if (!fits) return -1;
  settle(grid, memory.grid);
  return write_settled(grid, circles, score, memory, kept, suppressor, lane);
}

// In order of score. Only kept circles stand in the cells: those that anybody may have to give way to.
int64_t suppress_in_order(const motes_circles& circles, const void* score, const Nearness& near,
                          const SuppressionMemory& memory, int64_t* kept, int64_t* suppressor, Lane lane) {
  const int64_t n = lane.end - lane.begin;
  for (int64_t i = 0; i < n; ++i) memory.ranked[i].index = static_cast<uint32_t>(i);
  const Ranked* ranked = sort_by_score(memory.ranked, memory.spare, n, score, circles.real_bytes, lane.begin);
  if (!near.possible) {
    for (int64_t k = 0; k < n; ++k) kept[k] = lane.begin + ranked[k].index;
    if (suppressor)
      for (int64_t k = 0; k < n; ++k) suppressor[k] = -1;
    return n;
  }
  Cells cells(memory.cells, near);
  int32_t n_kept = 0;
  for (int64_t k = 0; k < n; ++k) {
    if (k + kAhead < n) prefetch(circles, lane.begin + ranked[k + kAhead].index);
    if (k + kAhead / 2 < n) {
      const Circle soon = circle_at(circles, lane.begin + ranked[k + kAhead / 2].index);
      cells.prefetch(soon.x, soon.y);
    }
    const int64_t index = ranked[k].index;
    const Circle c = circle_at(circles, lane.begin + index);
    int32_t first = n_kept;  // of the kept ones: they are numbered in descending order of score
    cells.search(c.x, c.y, c.r, [&](int32_t other) {
      if (other >= first || !is_near(near, c.x, c.y, c.r, cells.x(other), cells.y(other), cells.r(other))) return false;
      first = other;
      return suppressor == nullptr;  // one is enough, unless the first of them is asked for
    });
    const bool keep = first == n_kept;
    if (suppressor) suppressor[index] = keep ? -1 : kept[first];
    if (!keep) continue;
    cells.put(n_kept, c.x, c.y, c.r);
    kept[n_kept++] = lane.begin + index;
  }
  return n_kept;
}

}  // namespace

// One micrograph, `lane`.
int64_t suppress(const motes_circles& circles, const void* score, const Nearness& near, const SuppressionMemory& memory,
                 int64_t* kept, int64_t* suppressor, Lane lane) {
  if (near.possible && lane.end > lane.begin) {
    const auto by_grid = near.reach > 0 ? suppress_by_grid<false> : suppress_by_grid<true>;
    const int64_t n_kept = by_grid(circles, score, near, memory, kept, suppressor, lane);
    if (n_kept >= 0) return n_kept;
  }
  return suppress_in_order(circles, score, near, memory, kept, suppressor, lane);
}

// One micrograph: the highest score is taken, and lowers those of the circles that it overlaps; again, until none is left
// above the lowest score. Scores only fall, so a stale entry of the heap is found when it comes to the top.
int64_t soft_suppress(const motes_circles& circles, const void* score, const Nearness& near, const SoftRule& rule,
                      const SuppressionMemory& memory, double* decayed, int64_t* kept, Lane lane) {
  const int64_t n = lane.end - lane.begin;
  Heap heap{memory.heap, memory.pushed, n};
  Cells cells(memory.cells, near);
  for (int64_t i = 0; i < n; ++i) {
    const Circle c = circle_at(circles, lane.begin + i);
    if (near.possible) cells.put(static_cast<int32_t>(i), c.x, c.y, c.r);
    decayed[i] = memory.pushed[i] = number_at(score, circles.real_bytes, lane.begin + i);
    heap.items[i] = static_cast<int32_t>(i);
  }
  for (int64_t at = n / 2; at-- > 0;) heap.sink(at);
  int64_t n_kept = 0;
  while (heap.size > 0) {
    const int32_t top = heap.items[0];
    if (decayed[top] < memory.pushed[top]) {
      memory.pushed[top] = decayed[top];
      heap.sink(0);
      continue;
    }
    if (decayed[top] < rule.min_score) break;
    heap.items[0] = heap.items[--heap.size];
    if (heap.size > 0) heap.sink(0);
    memory.pushed[top] = -1;  // taken: its score is final
    kept[n_kept++] = lane.begin + top;
    if (!near.possible) continue;
    const double x = cells.x(top), y = cells.y(top), r = cells.r(top);
    cells.search(x, y, r, [&](int32_t other) {
      if (memory.pushed[other] < 0) return false;
      const double iou = circle_iou(x, y, r, cells.x(other), cells.y(other), cells.r(other));
      if (rule.decay == MOTES_GAUSSIAN_DECAY)
        decayed[other] *= exp(-(iou * iou) / rule.parameter);
      else if (iou > rule.parameter)
        decayed[other] *= 1.0 - iou;
      return false;
    });
  }
  return n_kept;
}

// One map: the highest pixel above the threshold is a peak, and takes all pixels within the radius; again.
int64_t suppress_map(const void* map, int real_bytes, int64_t height, int64_t width, double radius, double threshold,
                     const MapMemory& memory, int64_t* peak) {
  int64_t n = 0;
  for (int64_t i = 0; i < height * width; ++i) {
    const double value = number_at(map, real_bytes, i);
    if (value > threshold) memory.ranked[n++].index = static_cast<uint32_t>(i);
  }
  const Ranked* ranked = sort_by_score(memory.ranked, memory.spare, n, map, real_bytes, 0);
  memset(memory.taken, 0, static_cast<size_t>(height * width));
  const int64_t reach = disc_reach(radius, height);
  for (int64_t dy = 0; dy <= reach; ++dy) memory.half_width[dy] = disc_half_width(radius, dy, width);
  int64_t n_peaks = 0;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t index = ranked[k].index;
    if (memory.taken[index]) continue;
    peak[n_peaks++] = index;
    const int64_t y = index / width, x = index % width;
    const int64_t first = y > reach ? y - reach : 0, last = y + reach < height ? y + reach : height - 1;
    for (int64_t row = first; row <= last; ++row) {
      const int64_t half = memory.half_width[row > y ? row - y : y - row];
      const int64_t from = x > half ? x - half : 0, to = x + half < width ? x + half : width - 1;
      memset(memory.taken + row * width + from, 1, static_cast<size_t>(to - from + 1));
    }
  }
  return n_peaks;
}

}  // namespace motes::MOTES_ISA
