// Circles in lists, one for each square cell of the plane: who is near this one, without looking at everybody.
//
// As on the CPU (kernels/cells.h), a cell's edge is twice the largest distance at which two circles can be near, and where
// nearness depends on the radii, circles of like radii share a level with cells of its own. A circle looks at four cells
// of its own level, and at four of each level of larger circles: of every pair, one finds the other. Cells of one
// micrograph share places in its stretch of a table without knowing; whoever reads a list asks each circle in it.
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/scores.hpp"
#include "kernels/near.h"

namespace motes::cuda {

struct alignas(32) Placed {  // in one sector of memory
  double x, y, r;
  uint32_t next;  // 1 + another circle in the list; 0: none
  uint32_t part;
};

struct Cells {
  static constexpr int kLevelWords = 6, kLevels = 32 * kLevelWords;
  static constexpr int kLowest = -100;  // no radius is below 2^(kLowest - 1)
  static constexpr int64_t kPlaces = 2;

  Nearness near;
  Placed* circles;
  const int64_t* indptr;  // of parts
  uint32_t* levels;       // kLevelWords a part: which of them have circles
  uint32_t* open;         // heads of lists: kPlaces for each circle, those of a part together
  uint32_t* kept;         // likewise, of circles that stay
  uint32_t* kept_next;    // n

  MOTES_HD bool by_radii() const { return near.reach == 0; }
  MOTES_HD int level(double r) const { return by_radii() ? MOTES_ISA::level_of(r) - kLowest : 0; }

  // The later one is asked whether the one before it is near, as on the CPU: the same digits decide.
  MOTES_HD bool is_near(const Placed& later, const Placed& before) const {
    return MOTES_ISA::is_near(near, later.x, later.y, later.r, before.x, before.y, before.r);
  }
  // Sure to be false only for circles that are not near; cheap.
  MOTES_HD bool may_be_near(const Placed& a, const Placed& b) const {
    const double dx = a.x - b.x, dy = a.y - b.y, most = reach(a.r, b.r);
    return dx * dx + dy * dy < 2 * (most * most);  // 2: squares reach farther along the diagonal
  }

  MOTES_HD void put_open(uint32_t i) const { circles[i].next = take_head(open + own_place(circles[i]), i + 1); }
  MOTES_HD void clear_open(uint32_t i) const { open[own_place(circles[i])] = 0; }
  MOTES_HD void put_kept(uint32_t i) const { kept_next[i] = take_head(kept + own_place(circles[i]), i + 1); }

  // visit(j) for every open (or kept) circle of a level that may be near c, and for some others; perhaps twice. Returning
  // true ends the search.
  template <class Visit>
  MOTES_HD bool search_open(const Placed& c, int level, const Visit& visit) const {
    return search(c, level, [this, &visit](uint64_t place) {
      for (uint32_t j = open[place]; j; j = circles[j - 1].next)
        if (visit(j - 1)) return true;
      return false;
    });
  }
  template <class Visit>
  MOTES_HD bool search_kept(const Placed& c, int level, const Visit& visit) const {
    return search(c, level, [this, &visit](uint64_t place) {
      for (uint32_t j = kept[place]; j; j = kept_next[j - 1])
        if (visit(j - 1)) return true;
      return false;
    });
  }

  // visit(level) for those levels of larger circles where some can be near c; returning true ends the search.
  template <class Visit>
  MOTES_HD bool larger_levels(const Placed& c, const Visit& visit) const {
    if (!by_radii()) return false;
    const double ratio = sqrt(near.threshold) / MOTES_ISA::kMargin;
    const uint32_t* const words = levels + int64_t{c.part} * kLevelWords;
    for (int l = level(c.r) + 1; l < kLevels; ++l) {
      if (0.5 * top(l) * ratio > c.r) return false;
      if ((words[l / 32] >> (l % 32) & 1) && visit(l)) return true;
    }
    return false;
  }

 private:
  MOTES_HD static double top(int level) { return ldexp(1.0, level + kLowest); }
  MOTES_HD double reach(double a, double b) const {
    return (by_radii() ? near.factor * (a + b) : near.reach) * MOTES_ISA::kMargin;
  }
  MOTES_HD double inverse_edge(int level) const { return 0.5 / (by_radii() ? reach(top(level), top(level)) : reach(0, 0)); }

  MOTES_HD uint64_t place(uint32_t part, int level, int64_t x, int64_t y) const {
    const uint64_t row = static_cast<uint64_t>(y) + static_cast<uint64_t>(level);
    const uint64_t h = static_cast<uint64_t>(x) * 0x9e3779b97f4a7c15u ^ row * 0xc2b2ae3d27d4eb4fu;
    const auto first = static_cast<uint64_t>(kPlaces * indptr[part]), end = static_cast<uint64_t>(kPlaces * indptr[part + 1]);
    return first + (((h ^ h >> 32) * 0xd6e8feb86659fd93u >> 32) * (end - first) >> 32);
  }
  MOTES_HD uint64_t own_place(const Placed& c) const {
    const int l = level(c.r);
    const double inverse = inverse_edge(l);
    return place(c.part, l, MOTES_ISA::cell_of(c.x, inverse), MOTES_ISA::cell_of(c.y, inverse));
  }

  template <class Visit>  // bool visit(place)
  MOTES_HD bool search(const Placed& c, int level, const Visit& visit) const {
    const double inverse = inverse_edge(level), most = reach(c.r, by_radii() ? top(level) : 0);
    const int64_t x0 = MOTES_ISA::cell_of(c.x - most, inverse), x1 = MOTES_ISA::cell_of(c.x + most, inverse);
    const int64_t y0 = MOTES_ISA::cell_of(c.y - most, inverse), y1 = MOTES_ISA::cell_of(c.y + most, inverse);
    for (int64_t y = y0; y <= y1; ++y)
      for (int64_t x = x0; x <= x1; ++x)
        if (visit(place(c.part, level, x, y))) return true;
    return false;
  }
};

// Circle i where the lists find it, and its level where searches look whether there is one.
struct Place {
  motes_circles from;
  Scores scores;
  Cells cells;
  MOTES_HD void operator()(int64_t i) const {
    const MOTES_ISA::Circle c = MOTES_ISA::circle_at(from, i);
    const auto part = static_cast<uint32_t>(scores.part_of(i));
    cells.circles[i] = {c.x, c.y, c.r, 0, part};
    if (!cells.by_radii()) return;
    const int level = cells.level(c.r);
    or_bits_once(cells.levels + int64_t{part} * Cells::kLevelWords + level / 32, uint32_t{1} << (level % 32));
  }
};

}  // namespace motes::cuda
