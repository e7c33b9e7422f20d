// Circles and maps at the wall: extents, pointers, ranges; micrographs; what "near" means in distances.
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
motes_status validate_count(const char* name, int64_t n, motes_error* error);
motes_status refuse_size(const char* name, double value, int64_t index, motes_error* error);
motes_status validate_real_bytes(const char* name, int real_bytes, motes_error* error);
// Finite, of 4 or 8 bytes.
motes_status validate_reals(const char* name, const void* values, int real_bytes, int64_t size, motes_error* error);
motes_status validate_same_real(int a_bytes, int b_bytes, motes_error* error);
motes_status validate_as_many(int64_t n_a, int64_t n_b, motes_error* error);
motes_status validate_measure(motes_measure measure, double threshold, motes_error* error);

motes_status validate_maps(int real_bytes, int64_t n_maps, int64_t height, int64_t width, double radius, double threshold,
                           motes_error* error);
motes_status refuse_pixel(int64_t index, int64_t height, int64_t width, motes_error* error);

Nearness nearness(motes_measure measure, double threshold);
// The same for one micrograph: where all its radii are equal, the distance decides. `b` may be the same as `a`.
Nearness nearness_within(const Nearness& near, const motes_circles& a, Lane a_lane, const motes_circles& b, Lane b_lane);

int64_t largest_part(const int64_t* indptr, int64_t n_parts);

}  // namespace motes
