// Intersection over union of circles, and of axis-aligned boxes.
//
//     IoU = lens / (pi r1^2 + pi r2^2 - lens)
//     lens = r1^2 g(a1) + r2^2 g(a2), g(a) = a - sin a cos a, a: half the angle that the common chord subtends
//          = 0 where d >= r1 + r2, pi min(r1, r2)^2 where d <= |r1 - r2|              d the distance of the centres
//
// centres (n, 2): x, y      radii (n)      corners (n, 2): nearest the origin      sizes (n, 2): width, height
// out     n values, or for every micrograph in turn a block of (rows of a, rows of b)
// error   relative 1e-14 where r1 + r2 - d and d - |r1 - r2| are 0 or above 1e-17 d (float32: rounded once); boxes 1e-15
// order   the same bits for any number of threads and every instruction set: + - * / and square roots
// cost    a pair that is apart: one squared distance; else 2 polynomials of degree 17, 2 square roots, 2 divisions
#pragma once
#include "motes/error.hpp"

namespace motes {

template <class Real>
motes_circles circles(std::span<const Real> centres, std::span<const Real> radii) {
  check_extent("centres", centres.size(), 2 * static_cast<int64_t>(radii.size()));
  return {static_cast<int64_t>(radii.size()), centres.data(), radii.data(), static_cast<int>(sizeof(Real))};
}

template <class Real>
void circle_iou(const motes_circles& a, const motes_circles& b, std::span<Real> out, const motes_run* run = nullptr) {
  check_extent("out", out.size(), a.n);
  if (a.real_bytes != sizeof(Real)) throw Error("out: another real type than the circles'", -1);
  motes_error error;
  check(motes_circle_iou(&a, &b, out.data(), run, &error), error);
}

// The distance, in radii, at which two equal circles have this IoU: IoU > t is d < r * equal_radii_distance(t).
inline double equal_radii_distance(double iou) {
  double distance = 0;
  motes_error error;
  check(motes_equal_radii_distance(iou, &distance, &error), error);
  return distance;
}

}  // namespace motes
