#include "dispatch/circles.hpp"

#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "kernels/lens.h"

MOTES_KERNEL(void, circle_iou_lane, const motes_circles&, const motes_circles&, void*, Lane)
MOTES_KERNEL(void, circle_iou_rows, const motes_circles&, const motes_circles&, const AllPairs&, void*, Lane)
MOTES_KERNEL(void, box_iou_lane, const motes_boxes&, const motes_boxes&, void*, Lane)
MOTES_KERNEL(void, box_iou_rows, const motes_boxes&, const motes_boxes&, const AllPairs&, void*, Lane)

namespace motes {
namespace {

constexpr int64_t kPairsPerLane = 8192;
constexpr int64_t kRowsPerLane = 32;

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
  if (const auto bad = validate_as_many(a->n, b->n, error)) return bad;
  if (const auto bad = validate_pointer("out", out, a->n, error)) return bad;
  return guarded(error, [&] {
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
  return guarded(error, [&] {
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
