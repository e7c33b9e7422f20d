// Which scores in float32 are too near to each other to tell which is larger.
//
// Twice the rounding of any score of a pattern, weights being of one sign, is at most
//
//     units * (|score| + 3 * largest base)     units: 2^-23 for each addition, of which a pixel of several photons is 3
#pragma once
#include <stdint.h>

#include "kernels/host_device.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

MOTES_HD inline float units_of(int64_t n_lit, bool multi) {
  return static_cast<float>((multi ? 3 : 1) * n_lit + 4) * (1.0f / (1 << 23));
}

// Scores from here on come within rounding of the largest of their pattern; floats, or vectors of them.
template <class Score>
MOTES_HD inline Score edge_of(Score largest, Score magnitude, float units, float largest_base) {
  return largest - units * (magnitude + 3 * largest_base);
}

}  // namespace
}  // namespace motes::MOTES_ISA
