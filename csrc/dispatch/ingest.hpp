// Entries at the wall: types, extents, pointers, and the words for an index that is outside its range.
#pragma once
#include <cstdint>

#include "motes/motes.h"

namespace motes {

constexpr int64_t kCountLimit = int64_t{1} << 31;  // counts of entries, and photons of a pixel, are below it

motes_status validate_integers(const char* name, const motes_integers& values, int64_t size, motes_error* error);
// Sizes, types and pointers, not the numbers.
motes_status validate_entries(const motes_coo* entries, int64_t n_patterns, int64_t n_pixels, motes_error* error);

// Of a value that, read as int64, is below 0.
motes_status refuse_negative(const char* name, motes_integer type, int64_t at, motes_error* error);
// Of a value that, read as int64, is below 0 or not below the limit.
motes_status refuse_outside(const char* name, motes_integer type, int64_t value, int64_t at, int64_t limit,
                            motes_error* error);
motes_status refuse_sum_of_counts(motes_error* error);

}  // namespace motes
