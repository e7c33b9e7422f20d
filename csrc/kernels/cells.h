// Circles in a hash table of square cells: who is near this one, without looking at everybody.
//
// A cell's edge is twice the largest distance at which two circles can be near, so that a search opens at most four
// cells. Where nearness depends on the radii, circles of like radii (within a factor of two) share a level with cells of
// its own; a search opens the levels whose radii can reach the threshold at all, and a level of few circles is read
// through rather than cell by cell.
#pragma once
#include <math.h>
#include <string.h>

#include "kernels/near.h"

namespace motes {

constexpr int kLevels = 176;  // powers of two from 1e-30 to 1e20, and a margin

struct Level {
  double top, inverse;  // no radius reaches `top`; cells of edge 1 / inverse
  double left, right, above, below;  // the least box that holds the centres
  int32_t count, head;
  int32_t number;
};

}  // namespace motes

namespace motes::MOTES_ISA {
namespace {

class Cells {
 public:
  Cells(const CellsMemory& memory, const Nearness& near) : m_(memory), near_(near) {
    resize(kFirstBits);
    smallest_ratio_ = near.measure == MOTES_DISTANCE ? 0.0 : sqrt(near.threshold) / kMargin;
  }

  // Circle `item`, counted up from 0.
  void put(int32_t item, double x, double y, double r) {
    m_.circles[item] = {x, y, r, 0, 0};
    Level& level = level_for(r);
    if (2 * uint64_t{static_cast<uint32_t>(item)} > mask_) {  // the table grows with what is put, not with what may be
      resize(bits_ + 1);
      for (int32_t i = 0; i < item; ++i) {
        if (i + 8 < item) prefetch(m_.circles[i + 8].x, m_.circles[i + 8].y);
        place(level_for(m_.circles[i].r), i);
      }
    }
    place(level, item);
    m_.circles[item].next_in_level = level.head;
    level.head = item + 1;
    ++level.count;
    level.left = x < level.left ? x : level.left;
    level.right = x > level.right ? x : level.right;
    level.above = y < level.above ? y : level.above;
    level.below = y > level.below ? y : level.below;
  }

  // visit(item) for every circle that may be near, and some others; returning true ends the search.
  template <class Visit>
  bool search(double x, double y, double r, Visit&& visit) const {
    for (int l = 0; l < n_levels_; ++l) {
      const Level& level = levels_[l];
      double reach = near_.reach;
      if (reach == 0) {
        if (level.top < r * smallest_ratio_ || 0.5 * level.top * smallest_ratio_ > r) continue;
        reach = near_.factor * (r + level.top);
      }
      reach *= kMargin;
      if (x + reach < level.left || x - reach > level.right || y + reach < level.above || y - reach > level.below) continue;
      const int64_t x0 = cell_of(x - reach, level.inverse), x1 = cell_of(x + reach, level.inverse);
      const int64_t y0 = cell_of(y - reach, level.inverse), y1 = cell_of(y + reach, level.inverse);
      const double n_cells = (static_cast<double>(x1 - x0) + 1) * (static_cast<double>(y1 - y0) + 1);
      if (n_cells > 4 && n_cells > static_cast<double>(level.count)) {
        for (int32_t i = level.head; i; i = m_.circles[i - 1].next_in_level)
          if (visit(i - 1)) return true;
        continue;
      }
      for (int64_t cy = y0; cy <= y1; ++cy)
        for (int64_t cx = x0; cx <= x1; ++cx)
          for (int32_t i = find(level.number, cx, cy)->head; i; i = m_.circles[i - 1].next)
            if (belongs(m_.circles[i - 1], level, cx, cy) && visit(i - 1)) return true;
    }
    return false;
  }

  // Asks for the memory that a search here will read, where there is one level of cells.
  void prefetch(double x, double y) const {
    if (near_.reach == 0 || n_levels_ == 0) return;
    const double inverse = levels_[0].inverse, reach = near_.reach * kMargin;
    const int64_t x0 = cell_of(x - reach, inverse), y0 = cell_of(y - reach, inverse);
    for (int64_t cy = y0; cy <= y0 + 1; ++cy)
      for (int64_t cx = x0; cx <= x0 + 1; ++cx) __builtin_prefetch(m_.table + (hash(levels_[0].number, cx, cy) >> (64 - bits_)));
  }

  double x(int32_t item) const { return m_.circles[item].x; }
  double y(int32_t item) const { return m_.circles[item].y; }
  double r(int32_t item) const { return m_.circles[item].r; }

 private:
  static constexpr int kFirstBits = 10;

  void resize(int bits) {
    bits_ = bits;
    mask_ = (uint64_t{1} << bits) - 1;
    memset(static_cast<void*>(m_.table), 0, sizeof(Cell) << bits);
  }

  void place(const Level& level, int32_t item) {
    Cell& cell = *find(level.number, cell_of(m_.circles[item].x, level.inverse), cell_of(m_.circles[item].y, level.inverse));
    m_.circles[item].next = cell.head;
    cell.head = item + 1;
  }

  Level& level_for(double r) {
    const int number = near_.reach > 0 ? 0 : level_of(r);
    for (int l = 0; l < n_levels_; ++l)
      if (levels_[l].number == number) return levels_[l];
    Level& fresh = levels_[n_levels_++];
    fresh.number = number;
    fresh.count = fresh.head = 0;
    fresh.left = fresh.above = static_cast<double>(INFINITY);
    fresh.right = fresh.below = -fresh.left;
    fresh.top = near_.reach > 0 ? 0 : ldexp(1.0, number);
    fresh.inverse = 1.0 / ((near_.reach > 0 ? 2.0 * near_.reach : 4.0 * near_.factor * fresh.top) * kMargin);
    return fresh;
  }

  uint64_t hash(int32_t level, int64_t x, int64_t y) const {
    const uint64_t row = static_cast<uint64_t>(y) + static_cast<uint64_t>(level);
    const uint64_t h = static_cast<uint64_t>(x) * 0x9e3779b97f4a7c15u ^ row * 0xc2b2ae3d27d4eb4fu;
    return (h ^ h >> 32) * 0xd6e8feb86659fd93u;
  }

  // The cell with these numbers, or the free one where it belongs. Two cells with the same tag may share a place: whoever
  // reads the circles there asks each where it belongs.
  Cell* find(int32_t level, int64_t x, int64_t y) const {
    const uint64_t h = hash(level, x, y);
    const auto tag = static_cast<uint32_t>(h);
    for (uint64_t at = h >> (64 - bits_);; at = (at + 1) & mask_) {
      Cell& cell = m_.table[at];
      if (cell.head == 0) cell.tag = tag;
      if (cell.tag == tag) return &cell;
    }
  }

  bool belongs(const Placed& circle, const Level& level, int64_t x, int64_t y) const {
    return cell_of(circle.x, level.inverse) == x && cell_of(circle.y, level.inverse) == y &&
           (near_.reach > 0 || level_of(circle.r) == level.number);
  }

  CellsMemory m_;
  Nearness near_;
  Level levels_[kLevels];
  int n_levels_ = 0, bits_ = 0;
  uint64_t mask_ = 0;
  double smallest_ratio_ = 0;
};

}  // namespace
}  // namespace motes::MOTES_ISA
