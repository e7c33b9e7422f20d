// What every family needs before its kernels can run: patterns as they take them, and the refusals.
#pragma once
#include "cuda/device.hpp"
#include "cuda/families.hpp"
#include "cuda/patterns.hpp"
#include "dispatch/validate.hpp"
#include "kernels/planes.h"

namespace motes::cuda {

// Calls call(patterns) with the type of pixel that they have.
template <class Call>
motes_status with_pixels(const motes_patterns& x, Call call) {
  const auto as = [&]<class Pixel>(const Pixel* pixels) {
    return call(
        PatternsOn<Pixel>{x.n_patterns, x.n_pixels, x.indptr, pixels, x.n_multi, x.multi_position, x.multi_extra});
  };
  return x.pixel_bytes == 2 ? as(static_cast<const uint16_t*>(x.pixels)) : as(static_cast<const uint32_t*>(x.pixels));
}

template <class Real>
motes_status validate_scoring(const motes_patterns& patterns, const Real* weights, const Real* base,
                              int64_t n_templates, motes_error* error) {
  if (const auto bad = validate_templates("weights", n_templates, patterns.n_pixels, error)) return bad;
  if (const auto bad = validate_numbers("weights", weights, patterns.n_pixels * n_templates, true, error)) return bad;
  return base ? validate_numbers("base", base, n_templates, true, error) : MOTES_OK;
}

// Sums of all responsibilities of float or double fit 64 bits.
template <class Real>
motes_status validate_sums(const PatternsHeld& held, motes_error* error) {
  if (held.n_photons < static_cast<double>(int64_t{1} << (63 - Fixed<Real>::kBits))) return MOTES_OK;
  return refuse(error, -1, "patterns: too many photons for exact sums; sweep parts");
}

}  // namespace motes::cuda
