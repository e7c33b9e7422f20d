// Circles sorted by the cells of a plain grid, row after row: those near a circle lie in two short stretches of memory, and
// so do those near the next one.
//
// A cell's edge is twice the largest distance at which two circles can be near (more where the plane is mostly void), so
// that a circle's own cell, the nearer one beside it, and the two above or below hold everybody who is near. Crowds do no
// harm as long as few stay in a cell: whoever is taken from them is removed, and a search passes over it by vectors. Where
// nearness depends on the radii, too, distance and the ratio of the radii choose by vectors who is asked.
#pragma once
#include <math.h>
#include <string.h>

#include "kernels/cells.h"
#include "kernels/circles.h"
#include "kernels/reals.h"

namespace motes::MOTES_ISA {
namespace {

struct Asker {  // who looks for those near it
  double x, y, r, score;
  uint32_t index;
};

template <bool kRadii>
class Grid {
 public:
  Grid(const GridMemory& memory, const Nearness& near)
      : m_(memory), near_(near), factor_(near.factor * kMargin), ratio_(sqrt(near.threshold) / kMargin),
        corners_(near.measure == MOTES_BOX_IOU ? 2.0 : 1.0) {}

  // n circles with scores. False if a few are much larger than most, or if most of the plane is void and the rest too
  // crowded for cells as large as that takes.
  template <class Real>
  bool fill(const Real* centre, const Real* radius, const Real* score, int64_t n) {
    n_ = static_cast<uint32_t>(n);
    reach_ = kRadii ? reach_of(radius, n) : near_.reach;
    if (!(reach_ > 0)) return false;
    square_ = reach_ * reach_;
    lay_out(centre, n);
    for (int64_t i = 0; i < n; ++i) {
      const double x = static_cast<double>(centre[2 * i]), y = static_cast<double>(centre[2 * i + 1]);
      m_.cell[i] = static_cast<uint32_t>(row_of(y) * columns_ + column_of(x));
    }
    memset(m_.starts, 0, static_cast<size_t>(n_cells_ + 2) * sizeof *m_.starts);
    for (int64_t i = 0; i < n; ++i) ++m_.starts[m_.cell[i] + 2];
    uint32_t before = 0;
    double pairs = 0;
    for (int64_t c = 0; c < n_cells_; ++c) {
      const uint32_t here = m_.starts[c + 2];
      pairs += static_cast<double>(here) * here;
      m_.starts[c + 1] = before;
      before += here;
    }
    if (mostly_void_ && pairs > kCrowd * static_cast<double>(n)) return false;
    for (int64_t i = 0; i < n; ++i) m_.index[m_.starts[m_.cell[i] + 1]++] = static_cast<uint32_t>(i);
    for (int64_t k = 0; k < n; ++k) {
      if (k + kAhead < n) {
        __builtin_prefetch(centre + 2 * static_cast<int64_t>(m_.index[k + kAhead]));
        __builtin_prefetch(score + m_.index[k + kAhead]);
      }
      const int64_t i = m_.index[k];
      m_.x[k] = static_cast<double>(centre[2 * i]);
      m_.y[k] = static_cast<double>(centre[2 * i + 1]);
      m_.score[k] = static_cast<double>(score[i]);
      if constexpr (kRadii) m_.r[k] = static_cast<double>(radius[i]);
    }
    for (int64_t k = n; k < n + kGridMargin; ++k) {  // read with the last ones; near nobody
      m_.x[k] = static_cast<double>(INFINITY);
      m_.y[k] = m_.score[k] = 0;
      if constexpr (kRadii) m_.r[k] = 0;
    }
    return true;
  }

  uint32_t size() const { return n_; }
  int64_t index(uint32_t k) const { return m_.index[k]; }  // of the circle that was sorted to place k
  void remove(uint32_t k) { m_.x[k] = static_cast<double>(INFINITY); }  // near nobody any more

  Asker asker(uint32_t k) const { return {m_.x[k], m_.y[k], kRadii ? m_.r[k] : 0, m_.score[k], m_.index[k]}; }

  // Only places k for which stays(k): the others are gone, and no search passes over them any more.
  template <class Stays>
  void thin_out(Stays&& stays) {
    uint32_t to = 0, from = 0;
    for (int64_t c = 0; c < n_cells_; ++c) {
      const uint32_t end = m_.starts[c + 1];
      for (; from < end; ++from) {
        if (!stays(from)) continue;
        m_.x[to] = m_.x[from];
        m_.y[to] = m_.y[from];
        m_.score[to] = m_.score[from];
        m_.index[to] = m_.index[from];
        if constexpr (kRadii) m_.r[to] = m_.r[from];
        ++to;
      }
      m_.starts[c + 1] = to;
    }
    n_ = to;
    for (uint32_t k = to; k < to + kGridMargin; ++k) m_.x[k] = static_cast<double>(INFINITY);
  }

  // Places are compared by score, then by index.
  bool before(uint32_t j, uint32_t k) const { return before(j, m_.score[k], m_.index[k]); }

  // visit(j) for every place near a circle, whose score is `least` or more; perhaps the circle itself, and one that lies near
  // the end of a stretch perhaps twice.
  template <class Visit>
  void near(const Asker& a, double least, Visit&& visit) const {
    const double u = (a.x - left_) * inverse_, v = (a.y - top_) * inverse_;
    const auto column = static_cast<int64_t>(u), row = static_cast<int64_t>(v);
    const bool right = u - static_cast<double>(column) >= 0.5, below = v - static_cast<double>(row) >= 0.5;
    const int64_t own = (row + 1) * columns_ + column + right;
    const int64_t rows[2] = {own, below ? own + columns_ : own - columns_};
    for (const int64_t first : rows) {
      const uint32_t end = m_.starts[first + 2];
      uint32_t at = m_.starts[first];
      do {  // once in any case: most stretches are that short, and some are empty
        for (uint32_t bits = lane_bits(may_be_near(a, at) & (reals_at(m_.score + at) >= least)); bits; bits &= bits - 1) {
          const uint32_t j = at + static_cast<uint32_t>(__builtin_ctz(bits));
          if constexpr (kRadii)
            if (m_.index[j] == a.index || !are_near(a, j)) continue;
          visit(j);
        }
        at += kReals;
      } while (at < end);
    }
  }

 private:
  static constexpr double kCrowd = 16, kEdge = 2 + 1e-4;  // a margin for the rounding of u and v
  static constexpr double kMixed = 8;                      // the largest circle's area over the mean
  static constexpr int64_t kAhead = 24;

  // The largest distance, in x or y, at which two of the circles can be near; 0 if their sizes are too mixed.
  template <class Real>
  double reach_of(const Real* radius, int64_t n) const {
    double most = 0, area = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double r = static_cast<double>(radius[i]);
      most = r > most ? r : most;
      area += r * r;
    }
    return most * most * static_cast<double>(n) <= kMixed * area ? 2 * near_.factor * most * kMargin : 0;
  }

  bool before(uint32_t j, double score, uint32_t index) const {
    return m_.score[j] > score || (m_.score[j] == score && m_.index[j] < index);
  }

  Longs may_be_near(const Asker& a, uint32_t at) const {
    const Reals dx = reals_at(m_.x + at) - a.x, dy = reals_at(m_.y + at) - a.y;
    if constexpr (!kRadii) return dx * dx + dy * dy < square_;
    const Reals r = reals_at(m_.r + at), most = factor_ * (r + a.r);
    return (dx * dx + dy * dy < corners_ * (most * most)) & (r >= a.r * ratio_) & (r * ratio_ <= a.r);
  }

  // Asked as the definition asks, the later one whether the one before it is near: the same digits decide.
  bool are_near(const Asker& a, uint32_t j) const {
    return before(j, a.score, a.index) ? is_near(near_, a.x, a.y, a.r, m_.x[j], m_.y[j], m_.r[j])
                                       : is_near(near_, m_.x[j], m_.y[j], m_.r[j], a.x, a.y, a.r);
  }

  int64_t column_of(double x) const { return static_cast<int64_t>((x - left_) * inverse_) + 1; }
  int64_t row_of(double y) const { return static_cast<int64_t>((y - top_) * inverse_) + 1; }

  // A frame of empty cells goes round, so that nobody has to ask whether there is a neighbour.
  template <class Real>
  void lay_out(const Real* centre, int64_t n) {
    constexpr int kLanes = 8;
    Real low[kLanes], high[kLanes];
    for (int l = 0; l < kLanes; ++l) low[l] = high[l] = centre[l % 2];
    int64_t at = 0;
    for (; at + kLanes <= 2 * n; at += kLanes)
      for (int l = 0; l < kLanes; ++l) {
        low[l] = centre[at + l] < low[l] ? centre[at + l] : low[l];
        high[l] = centre[at + l] > high[l] ? centre[at + l] : high[l];
      }
    for (int l = 0; at < 2 * n; ++at, ++l) {
      low[l] = centre[at] < low[l] ? centre[at] : low[l];
      high[l] = centre[at] > high[l] ? centre[at] : high[l];
    }
    for (int l = 2; l < kLanes; ++l) {
      low[l % 2] = low[l] < low[l % 2] ? low[l] : low[l % 2];
      high[l % 2] = high[l] > high[l % 2] ? high[l] : high[l % 2];
    }
    left_ = static_cast<double>(low[0]);
    top_ = static_cast<double>(low[1]);
    const double width = static_cast<double>(high[0]) - left_, height = static_cast<double>(high[1]) - top_;
    const double most = static_cast<double>(cells_of_grid(n));
    double edge = kEdge * reach_;
    for (;;) {
      const double cells = (floor(width / edge) + 4) * (floor(height / edge) + 4);
      if (cells <= most) break;
      edge *= 1.01 * sqrt(cells / most);
      mostly_void_ = true;
    }
    inverse_ = 1.0 / edge;
    columns_ = static_cast<int64_t>(width * inverse_) + 3;
    n_cells_ = (static_cast<int64_t>(height * inverse_) + 3) * columns_;
  }

  GridMemory m_;
  Nearness near_;
  double factor_, ratio_, corners_;  // corners_: squares of centres less than a distance away in x and in y
  double reach_ = 0, square_ = 0, left_ = 0, top_ = 0, inverse_ = 0;
  int64_t columns_ = 0, n_cells_ = 0;
  uint32_t n_ = 0;
  bool mostly_void_ = false;
};

}  // namespace
}  // namespace motes::MOTES_ISA
