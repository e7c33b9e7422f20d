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
motes_boxes boxes(std::span<const Real> corners, std::span<const Real> sizes) {
  check_extent("sizes", sizes.size(), static_cast<int64_t>(corners.size()));
  check_extent("corners", corners.size(), static_cast<int64_t>(corners.size() / 2 * 2));
  return {static_cast<int64_t>(corners.size() / 2), corners.data(), sizes.data(), static_cast<int>(sizeof(Real))};
}

namespace detail {

template <class Real, class Shapes>
void check_real(const Shapes& shapes) {
  if (shapes.real_bytes != sizeof(Real)) throw Error("out: another real type than the shapes'", -1);
}

template <class Real, class Shapes, class Call>
void iou(Call call, const Shapes& a, const Shapes& b, std::span<Real> out, const motes_run* run) {
  check_extent("out", out.size(), a.n);
  check_real<Real>(a);
  motes_error error;
  check(call(&a, &b, out.data(), run, &error), error);
}

// indptr of micrographs; sizes of blocks are counted here, so they are looked at before the library does.
template <class Real, class Shapes, class Call>
void iou_all(Call call, const Shapes& a, const Shapes& b, std::span<const int64_t> a_indptr,
             std::span<const int64_t> b_indptr, std::span<Real> out, const motes_run* run) {
  check_real<Real>(a);
  if (a_indptr.empty()) throw Error("a_indptr: expected at least one value", -1);
  check_extent("b_indptr", b_indptr.size(), static_cast<int64_t>(a_indptr.size()));
  int64_t n_pairs = 0;
  for (size_t m = 1; m < a_indptr.size(); ++m)
    n_pairs += (a_indptr[m] - a_indptr[m - 1]) * (b_indptr[m] - b_indptr[m - 1]);
  check_extent("out", out.size(), n_pairs);
  motes_error error;
  check(call(&a, &b, static_cast<int64_t>(a_indptr.size()) - 1, a_indptr.data(), b_indptr.data(), out.data(), run, &error),
        error);
}

}  // namespace detail

template <class Real>
void circle_iou(const motes_circles& a, const motes_circles& b, std::span<Real> out, const motes_run* run = nullptr) {
  detail::iou(motes_circle_iou, a, b, out, run);
}
template <class Real>
void box_iou(const motes_boxes& a, const motes_boxes& b, std::span<Real> out, const motes_run* run = nullptr) {
  detail::iou(motes_box_iou, a, b, out, run);
}
template <class Real>
void circle_iou_all(const motes_circles& a, const motes_circles& b, std::span<const int64_t> a_indptr,
                    std::span<const int64_t> b_indptr, std::span<Real> out, const motes_run* run = nullptr) {
  detail::iou_all(motes_circle_iou_all, a, b, a_indptr, b_indptr, out, run);
}
template <class Real>
void box_iou_all(const motes_boxes& a, const motes_boxes& b, std::span<const int64_t> a_indptr,
                 std::span<const int64_t> b_indptr, std::span<Real> out, const motes_run* run = nullptr) {
  detail::iou_all(motes_box_iou_all, a, b, a_indptr, b_indptr, out, run);
}

// The distance, in radii, at which two equal circles have this IoU: IoU > t is d < r * equal_radii_distance(t).
inline double equal_radii_distance(double iou) {
  double distance = 0;
  motes_error error;
  check(motes_equal_radii_distance(iou, &distance, &error), error);
  return distance;
}

}  // namespace motes
