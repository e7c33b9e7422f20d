// Which circles are near each other, and the cells and levels of sizes where they have to be looked for.
#pragma once
#include <math.h>

#include "kernels/circles.h"
#include "kernels/lens.h"

namespace motes::MOTES_ISA {
namespace {

constexpr double kMargin = 1 + 1e-9;  // beyond what rounding can move

inline Nearness nearness_by(motes_measure measure, double threshold) {
  Nearness near{measure, threshold, 0, 0, true};
  if (measure == MOTES_DISTANCE) {
    near.reach = threshold;
    near.possible = threshold > 0;
    return near;
  }
  near.possible = threshold < 1;
  // Of all pairs with the same r1 + r2, equal circles reach a given IoU at the largest distance: see docs/theory.md.
  near.factor = measure == MOTES_CIRCLE_IOU ? equal_radii_distance(threshold) / 2 : 1.0;
  return near;
}

MOTES_HD inline int64_t cell_of(double x, double inverse) {
  const double cell = floor(x * inverse);
  return cell > 4e18 ? int64_t{4000000000000000000} : cell < -4e18 ? int64_t{-4000000000000000000} : static_cast<int64_t>(cell);
}

MOTES_HD inline int level_of(double r) {
  int exponent;
  frexp(r, &exponent);  // r in [2^(exponent - 1), 2^exponent)
  return exponent;
}

// Whether two circles are near; the same answer as overlap() > threshold, mostly sooner.
MOTES_HD inline bool is_near(const Nearness& near, double x1, double y1, double r1, double x2, double y2, double r2) {
  const double dx = x1 - x2, dy = y1 - y2, d2 = dx * dx + dy * dy;
  if (near.reach > 0) return d2 < near.reach * near.reach;
  if (near.measure == MOTES_BOX_IOU) return square_iou(x1, y1, r1, x2, y2, r2) > near.threshold;
  if (r1 == r2) {  // whatever the others are: a pair is judged alone
    const double reach = 2 * near.factor * r1;
    return d2 < reach * reach;
  }
  const double most = near.factor * (r1 + r2) * kMargin;
  return d2 < most * most && circle_iou(x1, y1, r1, x2, y2, r2) > near.threshold;
}

// IoU, or distance.
MOTES_HD inline double overlap(const Nearness& near, double x1, double y1, double r1, double x2, double y2, double r2) {
  if (near.measure == MOTES_CIRCLE_IOU) return circle_iou(x1, y1, r1, x2, y2, r2);
  if (near.measure == MOTES_BOX_IOU) return square_iou(x1, y1, r1, x2, y2, r2);
  const double dx = x1 - x2, dy = y1 - y2;
  return sqrt(dx * dx + dy * dy);
}

struct Circle {
  double x, y, r;
};

MOTES_HD inline Circle circle_at(const motes_circles& c, int64_t i) {
  return {number_at(c.centre, c.real_bytes, 2 * i), number_at(c.centre, c.real_bytes, 2 * i + 1),
          number_at(c.radius, c.real_bytes, i)};
}

}  // namespace
}  // namespace motes::MOTES_ISA
