// planes[i, r] = sum_p c[p, r] x[p, i]: the likelihood's transpose; see motes/backrotation.hpp.
#include <math.h>

#include "kernels/scatter.h"

namespace motes::MOTES_ISA {
namespace {

// To the nearest multiple, with plain conversions: these the compiler vectorises.
template <class Real, class Amount>
inline void quantise(const Real* from, int64_t size, Real scale, Amount* to) {
  for (int64_t i = 0; i < size; ++i) {
    const Real scaled = from[i] * scale;
    to[i] = static_cast<Amount>(scaled + __builtin_copysign(0.5, scaled));
  }
}
inline void quantise(const float* from, int64_t size, float scale, int32_t* to) {
  for (int64_t i = 0; i < size; ++i) {
    const float scaled = from[i] * scale;
    to[i] = static_cast<int32_t>(scaled + __builtin_copysignf(0.5f, scaled));
  }
}

template <class Real, class Pixel>
void scatter_lane(const motes_patterns& patterns, const Real* coefficients, int64_t n_templates, Real scale,
                  Planes<typename Fixed<Real>::Amount>& planes, typename Fixed<Real>::Amount* amounts, Lane lane) {
  typedef typename Fixed<Real>::Amount Amount;
  const int64_t stride = planes.n_panels * planes.width;
  Block block;
  const int size = block_size(static_cast<int64_t>(sizeof(Real)) * stride);
  for (block.first = lane.begin; block.first < lane.end; block.first += size) {
    block.size = static_cast<int>(lane.end - block.first < size ? lane.end - block.first : size);
    order_by_length(patterns.indptr, block);
    const Real* from = coefficients + block.first * n_templates;
    if (n_templates == stride) {
      quantise(from, block.size * stride, scale, amounts);
    } else {
      for (int k = 0; k < block.size; ++k) {
        quantise(from + k * n_templates, n_templates, scale, amounts + k * stride);
        for (int64_t r = n_templates; r < stride; ++r) amounts[k * stride + r] = 0;
      }
    }
    scatter_block<Amount, Pixel>(patterns, block, amounts, planes);
  }
}

// Without the sign, numbers are ordered as their bits are: infinity and NaN on top.
template <class Bits, class Real>
Real largest_magnitude(const Real* values, int64_t size) {
  Bits largest = 0;
  for (int64_t i = 0; i < size; ++i) {
    Bits bits;
    memcpy(&bits, values + i, sizeof bits);
    bits &= static_cast<Bits>(-1) >> 1;
    largest = bits > largest ? bits : largest;
  }
  Real value;
  memcpy(&value, &largest, sizeof value);
  return value;
}

}  // namespace

#define MOTES_INSTANTIATE(Real, Bits, suffix)                                                                               \
  void backrotation_##suffix(const motes_patterns& patterns, const Real* coefficients, int64_t n_templates, Real scale, \
                             Planes<Fixed<Real>::Amount>& planes, Fixed<Real>::Amount* amounts, Lane lane) {           \
    if (patterns.pixel_bytes == 2)                                                                                     \
      scatter_lane<Real, uint16_t>(patterns, coefficients, n_templates, scale, planes, amounts, lane);                 \
    else scatter_lane<Real, uint32_t>(patterns, coefficients, n_templates, scale, planes, amounts, lane);              \
  }                                                                                                                    \
  void finish_backrotation_##suffix(Planes<Fixed<Real>::Amount>& planes) { flush(planes); }                           \
  Real largest_magnitude_##suffix(const Real* values, int64_t size) { return largest_magnitude<Bits>(values, size); }

MOTES_INSTANTIATE(float, uint32_t, f32)
MOTES_INSTANTIATE(double, uint64_t, f64)

}  // namespace motes::MOTES_ISA
