#include "dispatch/circles.hpp"

#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "kernels/near.h"

MOTES_KERNEL(void, circle_iou_lane, const motes_circles&, const motes_circles&, void*, Lane)
MOTES_KERNEL(void, circle_iou_rows, const motes_circles&, const motes_circles&, const AllPairs&, void*, Lane)
MOTES_KERNEL(void, box_iou_lane, const motes_boxes&, const motes_boxes&, void*, Lane)
MOTES_KERNEL(void, box_iou_rows, const motes_boxes&, const motes_boxes&, const AllPairs&, void*, Lane)

namespace motes {
namespace {

constexpr int64_t kPairsPerLane = 8192;
constexpr int64_t kRowsPerLane = 32;
constexpr double kLargest = 1e20, kSmallestSize = 1e-30;

template <class Real>
motes_status validate_sizes(const char* name, const Real* values, int64_t size, motes_error* error) {
  const int64_t i = first_bad(size, [=](int64_t k) {
    const auto value = static_cast<double>(values[k]);
    return !(value >= kSmallestSize * 0.999999) | !(value <= kLargest);
  });
  if (i == size) return MOTES_OK;
  return refuse(error, i, "%s: expected 1e-30 to 1e20, got %g at index %lld", name, static_cast<double>(values[i]),
                static_cast<long long>(i));
}

// Centres or corners, and radii or extents.
motes_status validate_shapes(const char* name, int64_t n, const char* place_name, const void* place,
                             const char* size_name, const void* sizes, int64_t n_sizes, int real_bytes,
                             motes_error* error) {
  if (n < 0 || n > int64_t{1} << 31)
    return refuse(error, -1, "%s: expected 0 to 2^31, got %lld", name, static_cast<long long>(n));
  if (const auto bad = validate_reals(place_name, place, real_bytes, 2 * n, error)) return bad;
  if (const auto bad = validate_pointer(size_name, sizes, n_sizes, error)) return bad;
  return real_bytes == 4 ? validate_sizes(size_name, static_cast<const float*>(sizes), n_sizes, error)
                         : validate_sizes(size_name, static_cast<const double*>(sizes), n_sizes, error);
}

bool all_radii_are(double radius, const motes_circles& circles, Lane lane) {
  const int64_t n = lane.end - lane.begin;
  const auto all_are = [=](const auto* radii) {
    return first_bad(n, [=](int64_t i) { return static_cast<double>(radii[lane.begin + i]) != radius; }) == n;
  };
  return circles.real_bytes == 4 ? all_are(static_cast<const float*>(circles.radius))
                                 : all_are(static_cast<const double*>(circles.radius));
}

template <class Shapes>
motes_status validate_two(const Shapes* a, const Shapes* b, const motes_run* run, motes_error* error) {
  if (const auto bad = validate("a", a, error)) return bad;
  if (const auto bad = validate("b", b, error)) return bad;
  if (const auto bad = validate_same_real(a->real_bytes, b->real_bytes, error)) return bad;
  return validate_run(run, error);
}

template <class Shapes, class Kernel>
motes_status paired(const Shapes* a, const Shapes* b, void* out, Kernel kernel, const motes_run* run,
                    motes_error* error) {
  if (const auto bad = validate_two(a, b, run, error)) return bad;
  if (a->n != b->n)
    return refuse(error, -1, "b: expected as many as a, %lld, got %lld", static_cast<long long>(a->n),
                  static_cast<long long>(b->n));
  if (const auto bad = validate_pointer("out", out, a->n, error)) return bad;
  return guarded([&] {
    const int workers = workers_for(lanes_in(a->n, kPairsPerLane), run);
    return for_each_lane(a->n, kPairsPerLane, workers, run, [&](Lane lane, int) { kernel(*a, *b, out, lane); });
  });
}

template <class Shapes, class Kernel>
motes_status all_pairs(const Shapes* a, const Shapes* b, int64_t n_micrographs, const int64_t* a_indptr,
                       const int64_t* b_indptr, void* out, Kernel kernel, const motes_run* run, motes_error* error) {
  if (const auto bad = validate_two(a, b, run, error)) return bad;
  if (const auto bad = validate_micrographs("a_indptr", a_indptr, n_micrographs, a->n, error)) return bad;
  if (const auto bad = validate_micrographs("b_indptr", b_indptr, n_micrographs, b->n, error)) return bad;
  return guarded([&] {
    std::vector<int64_t> block(static_cast<size_t>(n_micrographs) + 1, 0);
    for (int64_t m = 0; m < n_micrographs; ++m)
      block[static_cast<size_t>(m) + 1] = block[static_cast<size_t>(m)] +
                                          (a_indptr[m + 1] - a_indptr[m]) * (b_indptr[m + 1] - b_indptr[m]);
    if (const auto bad = validate_pointer("out", out, block.back(), error)) return bad;
    const AllPairs pairs{n_micrographs, a_indptr, b_indptr, block.data()};
    const int workers = workers_for(lanes_in(a->n, kRowsPerLane), run);
    return for_each_lane(a->n, kRowsPerLane, workers, run,
                         [&](Lane lane, int) { kernel(*a, *b, pairs, out, lane); });
  });
}

}  // namespace

motes_status validate_reals(const char* name, const void* values, int real_bytes, int64_t size, motes_error* error) {
  if (real_bytes != 4 && real_bytes != 8) return refuse(error, -1, "%s: expected reals of 4 or 8 bytes, got %d", name, real_bytes);
  return real_bytes == 4 ? validate_numbers(name, static_cast<const float*>(values), size, false, error)
                         : validate_numbers(name, static_cast<const double*>(values), size, false, error);
}

motes_status validate_same_real(int a_bytes, int b_bytes, motes_error* error) {
  if (a_bytes != b_bytes) return refuse(error, -1, "a, b: expected reals of one size, got %d and %d bytes", a_bytes, b_bytes);
  return MOTES_OK;
}

motes_status validate(const char* name, const motes_circles* circles, motes_error* error) {
  if (!circles) return refuse(error, -1, "%s: null pointer", name);
  const auto& c = *circles;
  return validate_shapes(name, c.n, "centres", c.centre, "radii", c.radius, c.n, c.real_bytes, error);
}

motes_status validate(const char* name, const motes_boxes* boxes, motes_error* error) {
  if (!boxes) return refuse(error, -1, "%s: null pointer", name);
  const auto& b = *boxes;
  return validate_shapes(name, b.n, "corners", b.corner, "sizes", b.size, 2 * b.n, b.real_bytes, error);
}

motes_status validate_micrographs(const char* name, const int64_t* indptr, int64_t n_micrographs, int64_t n,
                                  motes_error* error) {
  if (n_micrographs < 0) return refuse(error, -1, "%s: negative number of micrographs", name);
  if (!indptr) return refuse(error, -1, "%s: null pointer", name);
  if (indptr[0] != 0 || indptr[n_micrographs] != n)
    return refuse(error, -1, "%s: expected to run from 0 to %lld, runs from %lld to %lld", name, static_cast<long long>(n),
                  static_cast<long long>(indptr[0]), static_cast<long long>(indptr[n_micrographs]));
  for (int64_t m = 0; m < n_micrographs; ++m)
    if (indptr[m + 1] < indptr[m])
      return refuse(error, m, "%s: descends after micrograph %lld", name, static_cast<long long>(m));
  return MOTES_OK;
}

motes_status validate_measure(motes_measure measure, double threshold, motes_error* error) {
  if (measure < MOTES_CIRCLE_IOU || measure > MOTES_DISTANCE)
    return refuse(error, -1, "measure: unknown, %d", static_cast<int>(measure));
  const double most = measure == MOTES_DISTANCE ? kLargest : 1.0;
  if (measure == MOTES_DISTANCE && threshold > 0 && threshold < kSmallestSize)
    return refuse(error, -1, "distance: expected 0, or 1e-30 to 1e20, got %g", threshold);
  if (!(threshold >= 0 && threshold <= most))
    return refuse(error, -1, "%s: expected 0 to %g, got %g", measure == MOTES_DISTANCE ? "distance" : "iou", most, threshold);
  return MOTES_OK;
}

Nearness nearness(motes_measure measure, double threshold) { return MOTES_ISA::nearness_by(measure, threshold); }

Nearness nearness_within(const Nearness& near, const motes_circles& a, Lane a_lane, const motes_circles& b, Lane b_lane) {
  Nearness here = near;
  if (near.measure != MOTES_CIRCLE_IOU || a_lane.begin == a_lane.end) return here;
  const double radius = number_at(a.radius, a.real_bytes, a_lane.begin);
  if (all_radii_are(radius, a, a_lane) && (&a == &b || all_radii_are(radius, b, b_lane))) here.reach = 2 * near.factor * radius;
  return here;
}

int64_t largest_part(const int64_t* indptr, int64_t n_parts) {
  int64_t most = 0;
  for (int64_t m = 0; m < n_parts; ++m) most = std::max(most, indptr[m + 1] - indptr[m]);
  return most;
}

}  // namespace motes

motes_status motes_circle_iou(const motes_circles* a, const motes_circles* b, void* out, const motes_run* run,
                              motes_error* error) {
  return motes::paired(a, b, out, MOTES_CHOOSE(circle_iou_lane), run, error);
}

motes_status motes_circle_iou_all(const motes_circles* a, const motes_circles* b, int64_t n_micrographs,
                                  const int64_t* a_indptr, const int64_t* b_indptr, void* out, const motes_run* run,
                                  motes_error* error) {
  return motes::all_pairs(a, b, n_micrographs, a_indptr, b_indptr, out, MOTES_CHOOSE(circle_iou_rows), run, error);
}

motes_status motes_box_iou(const motes_boxes* a, const motes_boxes* b, void* out, const motes_run* run,
                           motes_error* error) {
  return motes::paired(a, b, out, MOTES_CHOOSE(box_iou_lane), run, error);
}

motes_status motes_box_iou_all(const motes_boxes* a, const motes_boxes* b, int64_t n_micrographs,
                               const int64_t* a_indptr, const int64_t* b_indptr, void* out, const motes_run* run,
                               motes_error* error) {
  return motes::all_pairs(a, b, n_micrographs, a_indptr, b_indptr, out, MOTES_CHOOSE(box_iou_rows), run, error);
}

motes_status motes_equal_radii_distance(double iou, double* distance, motes_error* error) {
  if (const auto bad = motes::validate_measure(MOTES_CIRCLE_IOU, iou, error)) return bad;
  if (const auto bad = motes::validate_pointer("distance", distance, 1, error)) return bad;
  *distance = motes::MOTES_ISA::equal_radii_distance(iou);
  return MOTES_OK;
}
