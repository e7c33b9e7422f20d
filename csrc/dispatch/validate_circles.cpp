// What is refused about circles, boxes and maps, wherever they are to be worked on.
#include "dispatch/circles.hpp"

#include "kernels/near.h"
#include "kernels/ranges.h"

namespace motes {
namespace {

template <class Real>
motes_status validate_sizes(const char* name, const Real* values, int64_t size, motes_error* error) {
  const int64_t i = first_bad(size, [=](int64_t k) {
    return !MOTES_ISA::is_size(static_cast<double>(values[k]));
  });
  return i == size ? MOTES_OK : refuse_size(name, static_cast<double>(values[i]), i, error);
}

// Centres or corners, and radii or extents.
motes_status validate_shapes(const char* name, int64_t n, const char* place_name, const void* place,
                             const char* size_name, const void* sizes, int64_t sizes_each, int real_bytes,
                             motes_error* error) {
  if (const auto bad = validate_count(name, n, error)) return bad;
  const int64_t n_sizes = n * sizes_each;
  if (const auto bad = validate_reals(place_name, place, real_bytes, 2 * n, error)) return bad;
  if (const auto bad = validate_pointer(size_name, sizes, n_sizes, error)) return bad;
  return real_bytes == 4 ? validate_sizes(size_name, static_cast<const float*>(sizes), n_sizes, error)
                         : validate_sizes(size_name, static_cast<const double*>(sizes), n_sizes, error);
}

}  // namespace

motes_status refuse_size(const char* name, double value, int64_t index, motes_error* error) {
  return refuse(error, index, "%s: expected 1e-30 to 1e20, got %g at index %lld", name, value,
                static_cast<long long>(index));
}

motes_status validate_count(const char* name, int64_t n, motes_error* error) {
  if (n < 0 || n > int64_t{1} << 31)
    return refuse(error, -1, "%s: expected 0 to 2^31, got %lld", name, static_cast<long long>(n));
  return MOTES_OK;
}

motes_status validate_real_bytes(const char* name, int real_bytes, motes_error* error) {
  if (real_bytes == 4 || real_bytes == 8) return MOTES_OK;
  return refuse(error, -1, "%s: expected reals of 4 or 8 bytes, got %d", name, real_bytes);
}

motes_status validate_reals(const char* name, const void* values, int real_bytes, int64_t size, motes_error* error) {
  if (const auto bad = validate_real_bytes(name, real_bytes, error)) return bad;
  return real_bytes == 4 ? validate_numbers(name, static_cast<const float*>(values), size, false, error)
                         : validate_numbers(name, static_cast<const double*>(values), size, false, error);
}

motes_status validate_same_real(int a_bytes, int b_bytes, motes_error* error) {
  if (a_bytes != b_bytes) return refuse(error, -1, "a, b: expected reals of one size, got %d and %d bytes", a_bytes, b_bytes);
  return MOTES_OK;
}

motes_status validate_as_many(int64_t n_a, int64_t n_b, motes_error* error) {
  if (n_a == n_b) return MOTES_OK;
  return refuse(error, -1, "b: expected as many as a, %lld, got %lld", static_cast<long long>(n_a),
                static_cast<long long>(n_b));
}

motes_status validate(const char* name, const motes_circles* circles, motes_error* error) {
  if (!circles) return refuse(error, -1, "%s: null pointer", name);
  const auto& c = *circles;
  return validate_shapes(name, c.n, "centres", c.centre, "radii", c.radius, 1, c.real_bytes, error);
}

motes_status validate(const char* name, const motes_boxes* boxes, motes_error* error) {
  if (!boxes) return refuse(error, -1, "%s: null pointer", name);
  const auto& b = *boxes;
  return validate_shapes(name, b.n, "corners", b.corner, "sizes", b.size, 2, b.real_bytes, error);
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
  const double most = measure == MOTES_DISTANCE ? MOTES_ISA::kLargest : 1.0;
  if (measure == MOTES_DISTANCE && threshold > 0 && threshold < MOTES_ISA::kSmallestSize)
    return refuse(error, -1, "distance: expected 0, or 1e-30 to 1e20, got %g", threshold);
  if (!(threshold >= 0 && threshold <= most))
    return refuse(error, -1, "%s: expected 0 to %g, got %g", measure == MOTES_DISTANCE ? "distance" : "iou", most, threshold);
  return MOTES_OK;
}

motes_status validate_maps(int real_bytes, int64_t n_maps, int64_t height, int64_t width, double radius, double threshold,
                           motes_error* error) {
  constexpr int64_t kMostMaps = int64_t{1} << 28, kMostRows = int64_t{1} << 31, kMostPixels = int64_t{1} << 32;
  if (n_maps < 0 || height < 0 || width < 0 || n_maps > kMostMaps || height > kMostRows || width > kMostRows ||
      (width > 0 && height > kMostPixels / width))
    return refuse(error, -1, "map: %lld maps of %lld x %lld", static_cast<long long>(n_maps),
                  static_cast<long long>(height), static_cast<long long>(width));
  if (const auto bad = validate_real_bytes("map", real_bytes, error)) return bad;
  if (!(radius >= 0 && radius <= 1e9)) return refuse(error, -1, "radius: expected 0 to 1e9, got %g", radius);
  if (std::isnan(threshold)) return refuse(error, -1, "threshold: not a number");
  return MOTES_OK;
}

motes_status refuse_pixel(int64_t index, int64_t height, int64_t width, motes_error* error) {
  return refuse(error, index, "map: not a number at row %lld, column %lld",
                static_cast<long long>(index / width % height), static_cast<long long>(index % width));
}

Nearness nearness(motes_measure measure, double threshold) { return MOTES_ISA::nearness_by(measure, threshold); }

}  // namespace motes
