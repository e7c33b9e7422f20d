// The wall: arguments are checked here for every caller, and a message names what was wrong.
#pragma once
#include <cstddef>
#include <cstdint>

#include "motes/motes.h"

namespace motes {

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
motes_status refuse(motes_error* error, int64_t index, const char* format, ...);

// The size that a caller gave to a struct: not less than that of the first version that had it, and nothing but zeros in
// what this version does not know.
motes_status validate_size(const char* name, const void* given, size_t size, size_t known, motes_error* error);
template <class Struct>
motes_status validate_struct(const char* name, const Struct* given, motes_error* error) {
  return validate_size(name, given, given ? given->struct_size : 0, sizeof(Struct), error);
}

// Extents and pointers; the photons themselves are read once, by motes_check_patterns.
motes_status validate(const motes_patterns* patterns, motes_error* error);
// The same in two parts, for patterns whose arrays the host can not read.
motes_status validate_extents(const motes_patterns* patterns, motes_error* error);
motes_status validate_ends(const motes_patterns& patterns, int64_t first, int64_t last, motes_error* error);
// What motes_check_patterns says of pattern p, of entry m of those beyond one photon, and of a pixel of pattern p.
motes_status refuse_descent(int64_t p, motes_error* error);
motes_status refuse_multi(int64_t m, int32_t extra, motes_error* error);
motes_status refuse_photon(int64_t p, int64_t pixel, int64_t n_pixels, motes_error* error);
motes_status validate_run(const motes_run* run, motes_error* error);
motes_status validate_pointer(const char* name, const void* pointer, int64_t size, motes_error* error);

// The first of n that is bad, or n: a block at a time, without a branch for each.
template <class Bad>
int64_t first_bad(int64_t n, Bad&& bad) {
  constexpr int64_t kBlock = 512;
  for (int64_t from = 0; from < n; from += kBlock) {
    const int64_t to = n - from < kBlock ? n : from + kBlock;
    int any = 0;
    for (int64_t i = from; i < to; ++i) any |= bad(i);
    if (any)
      for (int64_t i = from; i < to; ++i)
        if (bad(i)) return i;
  }
  return n;
}

// Not NaN, and small enough that sums of them stay finite; -inf is a likelihood of zero, where `or_minus_infinity`.
template <class Real>
motes_status validate_numbers(const char* name, const Real* values, int64_t size, bool or_minus_infinity,
                              motes_error* error);

// Of what a sweep writes.
motes_status validate_sums(motes_assignment_rule rule, const motes_sums* sums, int64_t n_templates, int64_t n_pixels,
                           motes_error* error);

motes_status refuse_number(const char* name, double value, int64_t index, motes_error* error);

// Sums over the photons beyond the first of this part of a container: of them, and of n^2 - 1 for pixels with n photons.
struct Excess {
  double photons, squares;
};
Excess excess_of(const motes_patterns& patterns);

constexpr int64_t kMaxTemplates = int64_t{1} << 24;
// n_templates in 1 .. kMaxTemplates, and a table of them over the pixels that can be counted in bytes.
motes_status validate_templates(const char* name, int64_t n_templates, int64_t n_pixels, motes_error* error);
// (R, M) pixels of a master.
motes_status validate_index(const int32_t* index, int64_t n_templates, int64_t n_pixels, motes_error* error);
// Patterns to be taken.
motes_status validate_which(const int64_t* which, int64_t n_which, int64_t n_patterns, motes_error* error);

}  // namespace motes
