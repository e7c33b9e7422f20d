// planes[i, r] = sum_p c[p, r] x[p, i]: the likelihood's transpose; see motes/backrotation.hpp.
#include "kernels/quantum.h"
#include "kernels/scatter.h"

namespace motes::MOTES_ISA {
namespace {

template <class Real, class Amount>
inline void quantise(const Real* from, int64_t size, Real scale, Amount* to) {
  for (int64_t i = 0; i < size; ++i) to[i] = multiple_of(from[i], scale);
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

template <class Real>
Real largest_magnitude(const Real* values, int64_t size) {
  auto largest = magnitude_of(Real(0));
  for (int64_t i = 0; i < size; ++i) {
    const auto magnitude = magnitude_of(values[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  return number_of(largest);
}

}  // namespace

#define MOTES_INSTANTIATE(Real, suffix)                                                                                \
  void backrotation_##suffix(const motes_patterns& patterns, const Real* coefficients, int64_t n_templates, Real scale, \
                             Planes<Fixed<Real>::Amount>& planes, Fixed<Real>::Amount* amounts, Lane lane) {           \
    if (patterns.pixel_bytes == 2)                                                                                     \
      scatter_lane<Real, uint16_t>(patterns, coefficients, n_templates, scale, planes, amounts, lane);                 \
    else scatter_lane<Real, uint32_t>(patterns, coefficients, n_templates, scale, planes, amounts, lane);              \
  }                                                                                                                    \
  void finish_backrotation_##suffix(Planes<Fixed<Real>::Amount>& planes) { flush(planes); }                           \
  Real largest_magnitude_##suffix(const Real* values, int64_t size) { return largest_magnitude(values, size); }

MOTES_INSTANTIATE(float, f32)
MOTES_INSTANTIATE(double, f64)

}  // namespace motes::MOTES_ISA
