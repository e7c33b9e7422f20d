// What the tests pass through ctypes, as the kernels take it.
#pragma once
#include <cstddef>
#include <limits>
#include <vector>

#include "cuda/score.hpp"

namespace motes::cuda {

struct PatternsGiven {
  int64_t n_patterns, n_pixels;
  const int64_t* indptr;
  const void* pixels;
  int64_t pixel_bytes;
  int64_t n_multi;
  const int64_t* multi_position;
  const int32_t* multi_extra;

  template <class Pixel>
  PatternsOn<Pixel> as() const {
    return {n_patterns, n_pixels, indptr, static_cast<const Pixel*>(pixels), n_multi, multi_position, multi_extra};
  }
  // Calls call(patterns) with the type of pixel that they have.
  template <class Call>
  int with(Call call) const {
    return pixel_bytes == 2 ? call(as<uint16_t>()) : call(as<uint32_t>());
  }
};

// (M, R) weights and (R) bases as panels.
template <class Real>
struct Packed {
  Packed(const Real* weights, const Real* bases, int64_t n_templates, int64_t n_pixels)
      : n_panels((n_templates + kWidth - 1) / kWidth),
        table(static_cast<std::size_t>(n_panels * n_pixels)),
        base(static_cast<std::size_t>(n_panels)) {
    for (int64_t r = 0; r < n_panels * kWidth; ++r) {
      const bool real = r < n_templates;
      base[static_cast<std::size_t>(r / kWidth)].at[r % kWidth] =
          real ? bases[r] : -std::numeric_limits<Real>::infinity();
      for (int64_t i = 0; i < n_pixels; ++i)
        table[static_cast<std::size_t>(r / kWidth * n_pixels + i)].at[r % kWidth] =
            real ? weights[i * n_templates + r] : Real(0);
    }
    templates = {table.data(), base.data(), n_templates, n_panels, n_pixels};
  }
  int64_t n_panels;
  std::vector<Four<Real>> table, base;
  Templates<Real> templates;
};

}  // namespace motes::cuda
