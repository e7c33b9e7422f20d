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

motes_status validate_size(const char* name, const void* given, size_t size, size_t known, motes_error* error) {
  constexpr size_t kMost = 4096;  // no struct will ever be so large: a size that was never set
  if (!given) return refuse(error, -1, "%s: null pointer", name);
  if (size < known || size > kMost)
    return refuse(error, -1, "%s.struct_size: expected its sizeof, %zu bytes, got %zu", name, known, size);
  const auto* const bytes = static_cast<const unsigned char*>(given);
  if (std::any_of(bytes + known, bytes + size, [](unsigned char byte) { return byte != 0; }))
    return refuse(error, -1, "%s: asks for what this library, %s, does not know (bytes beyond %zu are not zero)", name,
                  MOTES_VERSION, known);
  return MOTES_OK;
}

motes_status validate_extents(const motes_patterns* patterns, motes_error* error) {
  if (const auto bad = validate_struct("patterns", patterns, error)) return bad;
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
  return MOTES_OK;
}

motes_status validate_ends(const motes_patterns& x, int64_t first, int64_t last, motes_error* error) {
  if (first < 0 || last < first)
    return refuse(error, -1, "patterns.indptr: runs from %lld to %lld", wide(first), wide(last));
  if (const auto bad = validate_pointer("patterns.pixels", x.pixels, last, error)) return bad;
  if (const auto bad = validate_pointer("patterns.multi_position", x.multi_position, x.n_multi, error)) return bad;
  return validate_pointer("patterns.multi_extra", x.multi_extra, x.n_multi, error);
}

motes_status validate(const motes_patterns* patterns, motes_error* error) {
  if (const auto bad = validate_extents(patterns, error)) return bad;
  return validate_ends(*patterns, patterns->indptr[0], patterns->indptr[patterns->n_patterns], error);
}

motes_status refuse_descent(int64_t p, motes_error* error) {
  return refuse(error, p, "patterns.indptr: descends after pattern %lld", wide(p));
}

motes_status refuse_multi(int64_t m, int32_t extra, motes_error* error) {
  if (extra < 1)
    return refuse(error, m, "patterns.multi_extra: expected 1 or more at index %lld, got %d", wide(m), extra);
  return refuse(error, m, "patterns.multi_position: does not ascend at index %lld", wide(m));
}

motes_status refuse_photon(int64_t p, int64_t pixel, int64_t n_pixels, motes_error* error) {
  if (pixel >= n_pixels)
    return refuse(error, p, "pattern %lld: pixel %lld is outside 0..%lld", wide(p), wide(pixel), wide(n_pixels - 1));
  return refuse(error, p, "pattern %lld: pixels are not in ascending order", wide(p));
}

motes_status validate_run(const motes_run* run, motes_error* error) {
  if (!run) return MOTES_OK;
  if (const auto bad = validate_struct("run", run, error)) return bad;
  if (run->threads < 0 || run->threads > kMaxThreads)
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
  if (n_pixels < 0) return refuse(error, -1, "%s: negative number of pixels, %lld", name, wide(n_pixels));
  if (n_pixels > 0 && n_templates > (int64_t{1} << 40) / n_pixels)
    return refuse(error, -1, "%s: %lld templates of %lld pixels are more than 2^40 numbers", name, wide(n_templates),
                  wide(n_pixels));
  return MOTES_OK;
}

motes_status validate_index(const int32_t* index, int64_t n_templates, int64_t n_pixels, motes_error* error) {
  if (const auto bad = validate_templates("index", n_templates, n_pixels, error)) return bad;
  if (const auto bad = validate_pointer("index", index, n_templates * n_pixels, error)) return bad;
  for (int64_t i = 0; i < n_templates * n_pixels; ++i)
    if (index[i] < 0 || index[i] >= n_pixels)
      return refuse(error, i, "index: %d at %lld is outside 0..%lld", index[i], wide(i), wide(n_pixels - 1));
  return MOTES_OK;
}

motes_status validate_which(const int64_t* which, int64_t n_which, int64_t n_patterns, motes_error* error) {
  if (n_which < 0) return refuse(error, -1, "which: negative size");
  if (const auto bad = validate_pointer("which", which, n_which, error)) return bad;
  for (int64_t k = 0; k < n_which; ++k)
    if (which[k] < 0 || which[k] >= n_patterns)
      return refuse(error, k, "which: pattern %lld at index %lld is outside 0..%lld", wide(which[k]), wide(k),
                    wide(n_patterns - 1));
  return MOTES_OK;
}

motes_status validate_sums(motes_assignment_rule rule, const motes_sums* sums, int64_t n_templates, int64_t n_pixels,
                           motes_error* error) {
  if (rule != MOTES_SOFT && rule != MOTES_HARD) return refuse(error, -1, "rule: expected soft (0) or hard (1)");
  if (const auto bad = validate_struct("sums", sums, error)) return bad;
  if (const auto bad = validate_pointer("sums.planes", sums->planes, n_pixels * n_templates, error)) return bad;
  return validate_pointer("sums.weights", sums->weights, n_templates, error);
}

}  // namespace motes

namespace {

template <class Pixel>
motes_status check_photons(const motes_patterns& x, motes_error* error) {
  const auto* pixels = static_cast<const Pixel*>(x.pixels);
  for (int64_t p = 0; p < x.n_patterns; ++p)
    for (int64_t i = x.indptr[p]; i < x.indptr[p + 1]; ++i)
      if (static_cast<int64_t>(pixels[i]) >= x.n_pixels || (i > x.indptr[p] && pixels[i] <= pixels[i - 1]))
        return motes::refuse_photon(p, pixels[i], x.n_pixels, error);
  return MOTES_OK;
}

}  // namespace

motes_status motes_check_patterns(const motes_patterns* patterns, motes_error* error) {
  if (const auto bad = motes::validate(patterns, error)) return bad;
  const auto& x = *patterns;
  for (int64_t p = 0; p < x.n_patterns; ++p)
    if (x.indptr[p + 1] < x.indptr[p] || x.indptr[p + 1] > x.indptr[x.n_patterns])
      return motes::refuse_descent(p, error);
  for (int64_t m = 0; m < x.n_multi; ++m)
    if (x.multi_extra[m] < 1 || (m > 0 && x.multi_position[m] <= x.multi_position[m - 1]))
      return motes::refuse_multi(m, x.multi_extra[m], error);
  return x.pixel_bytes == 2 ? check_photons<uint16_t>(x, error) : check_photons<uint32_t>(x, error);
}
