#include "dispatch/validate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <limits>

#include "dispatch/lanes.hpp"
#include "kernels/ranges.h"

namespace motes {

motes_status refuse(motes_error* error, int64_t index, const char* format, ...) {
  if (error) {
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->index = index;
  }
  return MOTES_BAD_ARGUMENT;
}

namespace {

long long wide(int64_t value) { return value; }

}  // namespace

motes_status validate_pointer(const char* name, const void* pointer, int64_t size, motes_error* error) {
  if (size > 0 && !pointer) return refuse(error, -1, "%s: expected %lld values, got a null pointer", name, wide(size));
  return MOTES_OK;
}

motes_status validate(const motes_patterns* patterns, motes_error* error) {
  if (!patterns) return refuse(error, -1, "patterns: null pointer");
  const auto& x = *patterns;
  if (x.n_patterns < 0 || x.n_pixels < 0 || x.n_multi < 0)
    return refuse(error, -1, "patterns: negative extent (%lld patterns, %lld pixels, %lld multiple)", wide(x.n_patterns),
                  wide(x.n_pixels), wide(x.n_multi));
  if (x.n_pixels > int64_t{1} << 32)
    return refuse(error, -1, "patterns: %lld pixels, at most 2^32 are possible", wide(x.n_pixels));
  if (!x.indptr) return refuse(error, -1, "patterns.indptr: null pointer");
  if (x.pixel_bytes != 2 && x.pixel_bytes != 4)
    return refuse(error, -1, "patterns.pixel_bytes: expected 2 or 4, got %d", x.pixel_bytes);
  if (x.pixel_bytes == 2 && x.n_pixels > 65536)
    return refuse(error, -1, "patterns.pixel_bytes: 2 bytes hold 65536 pixels, not %lld", wide(x.n_pixels));
  const int64_t first = x.indptr[0], last = x.indptr[x.n_patterns];
  if (first < 0 || last < first)
    return refuse(error, -1, "patterns.indptr: runs from %lld to %lld", wide(first), wide(last));
  if (const auto bad = validate_pointer("patterns.pixels", x.pixels, last, error)) return bad;
  if (const auto bad = validate_pointer("patterns.multi_position", x.multi_position, x.n_multi, error)) return bad;
  return validate_pointer("patterns.multi_extra", x.multi_extra, x.n_multi, error);
}

motes_status validate_run(const motes_run* run, motes_error* error) {
  if (run && (run->threads < 0 || run->threads > kMaxThreads))
    return refuse(error, -1, "threads: expected 0 to %d, got %d", kMaxThreads, run->threads);
  return MOTES_OK;
}

motes_status refuse_number(const char* name, double value, int64_t index, motes_error* error) {
  return refuse(error, index, std::isfinite(value) ? "%s: beyond 1e20 at index %lld" : "%s: not finite at index %lld", name,
                wide(index));
}

template <class Real>
motes_status validate_numbers(const char* name, const Real* values, int64_t size, bool or_minus_infinity,
                              motes_error* error) {
  if (const auto bad = validate_pointer(name, values, size, error)) return bad;
  const double least = or_minus_infinity ? -std::numeric_limits<double>::infinity() : 0.0;
  const int64_t i = first_bad(size, [=](int64_t k) {
    const auto value = static_cast<double>(values[k]);
    return !MOTES_ISA::is_number(value) & (value != least);
  });
  return i == size ? MOTES_OK : refuse_number(name, static_cast<double>(values[i]), i, error);
}

template motes_status validate_numbers<float>(const char*, const float*, int64_t, bool, motes_error*);
template motes_status validate_numbers<double>(const char*, const double*, int64_t, bool, motes_error*);

Excess excess_of(const motes_patterns& x) {
  Excess excess{0, 0};
  const auto* end = x.multi_position + x.n_multi;
  for (auto* at = std::lower_bound(x.multi_position, end, x.indptr[0]); at < end && *at < x.indptr[x.n_patterns]; ++at) {
    const double extra = x.multi_extra[at - x.multi_position];
    excess.photons += extra;
    excess.squares += extra * (extra + 2);
  }
  return excess;
}

motes_status validate_templates(const char* name, int64_t n_templates, int64_t n_pixels, motes_error* error) {
  if (n_templates < 1 || n_templates > kMaxTemplates)
    return refuse(error, -1, "%s: expected 1 to %lld templates, got %lld", name, wide(kMaxTemplates), wide(n_templates));
  if (n_pixels > 0 && n_templates > (int64_t{1} << 40) / n_pixels)
    return refuse(error, -1, "%s: %lld templates of %lld pixels are more than 2^40 numbers", name, wide(n_templates),
                  wide(n_pixels));
  return MOTES_OK;
}

}  // namespace motes

namespace {

template <class Pixel>
motes_status check_photons(const motes_patterns& x, motes_error* error) {
  const auto* pixels = static_cast<const Pixel*>(x.pixels);
  for (int64_t p = 0; p < x.n_patterns; ++p)
    for (int64_t i = x.indptr[p]; i < x.indptr[p + 1]; ++i) {
      if (static_cast<int64_t>(pixels[i]) >= x.n_pixels)
        return motes::refuse(error, p, "pattern %lld: pixel %lld is outside 0..%lld", static_cast<long long>(p),
                             static_cast<long long>(pixels[i]), static_cast<long long>(x.n_pixels - 1));
      if (i > x.indptr[p] && pixels[i] <= pixels[i - 1])
        return motes::refuse(error, p, "pattern %lld: pixels are not in ascending order", static_cast<long long>(p));
    }
  return MOTES_OK;
}

}  // namespace

motes_status motes_check_patterns(const motes_patterns* patterns, motes_error* error) {
  if (const auto bad = motes::validate(patterns, error)) return bad;
  const auto& x = *patterns;
  for (int64_t p = 0; p < x.n_patterns; ++p)
    if (x.indptr[p + 1] < x.indptr[p] || x.indptr[p + 1] > x.indptr[x.n_patterns])
      return motes::refuse(error, p, "patterns.indptr: descends after pattern %lld", static_cast<long long>(p));
  for (int64_t m = 0; m < x.n_multi; ++m) {
    if (x.multi_extra[m] < 1)
      return motes::refuse(error, m, "patterns.multi_extra: expected 1 or more at index %lld, got %d",
                           static_cast<long long>(m), x.multi_extra[m]);
    if (m > 0 && x.multi_position[m] <= x.multi_position[m - 1])
      return motes::refuse(error, m, "patterns.multi_position: does not ascend at index %lld", static_cast<long long>(m));
  }
  return x.pixel_bytes == 2 ? check_photons<uint16_t>(x, error) : check_photons<uint32_t>(x, error);
}
