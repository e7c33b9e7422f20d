// Circles at the wall: extents, pointers, ranges; micrographs; what "near" means in distances.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "dispatch/lanes.hpp"
#include "dispatch/validate.hpp"
#include "kernels/circles.h"
#include "motes/motes.h"

namespace motes {

motes_status validate(const char* name, const motes_circles* circles, motes_error* error);
motes_status validate(const char* name, const motes_boxes* boxes, motes_error* error);
motes_status validate_micrographs(const char* name, const int64_t* indptr, int64_t n_micrographs, int64_t n,
                                  motes_error* error);
// Finite, of 4 or 8 bytes.
motes_status validate_reals(const char* name, const void* values, int real_bytes, int64_t size, motes_error* error);
motes_status validate_same_real(int a_bytes, int b_bytes, motes_error* error);
motes_status validate_measure(motes_measure measure, double threshold, motes_error* error);

Nearness nearness(motes_measure measure, double threshold);
// The same for one micrograph: where all its radii are equal, the distance decides. `b` may be the same as `a`.
Nearness nearness_within(const Nearness& near, const motes_circles& a, Lane a_lane, const motes_circles& b, Lane b_lane);

int64_t largest_part(const int64_t* indptr, int64_t n_parts);

}  // namespace motes
