// What the tests pass through ctypes, as the kernels take it.
#pragma once
#include "cuda/patterns.hpp"

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

}  // namespace motes::cuda
