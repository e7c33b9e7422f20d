// L[p, r] = base[r] + sum_i x[p, i] w[i, r]: see motes/likelihood.hpp.
#include "kernels/score.h"
#include "kernels/softmax.h"

namespace motes::MOTES_ISA {
namespace {

template <class Real, class Pixel>
void scores_of_lane(const motes_patterns& patterns, const Panels<Real>& panels, Real* out, Lane lane) {
  Block block;
  const int size = block_size(static_cast<int64_t>(sizeof(Real)) * panels.width);
  for (block.first = lane.begin; block.first < lane.end; block.first += size) {
    block.size = static_cast<int>(lane.end - block.first < size ? lane.end - block.first : size);
    order_by_length(patterns.indptr, block);
    score_block<Real, Pixel>(patterns, block, panels, out + block.first * panels.n_templates, panels.n_templates,
                             true);
  }
}

template <class Real, class Pixel>
void posterior_of_lane(const motes_patterns& patterns, const Panels<Real>& panels, int32_t* label,
                       Real* responsibility, Real* evidence, Real* scores, Lane lane) {
  const int64_t stride = panels.n_panels * panels.width;
  Block block;
  double log_evidence[kMaxBlock];
  const int size = block_size(static_cast<int64_t>(sizeof(Real)) * stride);
  for (block.first = lane.begin; block.first < lane.end; block.first += size) {
    block.size = static_cast<int>(lane.end - block.first < size ? lane.end - block.first : size);
    order_by_length(patterns.indptr, block);
    score_block<Real, Pixel>(patterns, block, panels, scores, stride);
    if (label)
      for (int k = 0; k < block.size; ++k)
        label[block.first + k] = static_cast<int32_t>(first_largest(scores + k * stride, panels.n_templates));
    if (!responsibility && !evidence) continue;
    softmax(scores, block.size, stride, log_evidence);
    if (responsibility)
      for (int k = 0; k < block.size; ++k)
        memcpy(responsibility + (block.first + k) * panels.n_templates, scores + k * stride,
               sizeof(Real) * static_cast<size_t>(panels.n_templates));
    if (evidence)
      for (int k = 0; k < block.size; ++k) evidence[block.first + k] = static_cast<Real>(log_evidence[k]);
  }
}

}  // namespace

#define MOTES_INSTANTIATE(Real, suffix)                                                                               \
  void likelihood_##suffix(const motes_patterns& patterns, const Panels<Real>& panels, Real* out, Lane lane) {        \
    if (patterns.pixel_bytes == 2) scores_of_lane<Real, uint16_t>(patterns, panels, out, lane);                       \
    else scores_of_lane<Real, uint32_t>(patterns, panels, out, lane);                                                 \
  }                                                                                                                   \
  void posterior_##suffix(const motes_patterns& patterns, const Panels<Real>& panels, int32_t* label,                 \
                          Real* responsibility, Real* evidence, Real* scores, Lane lane) {                            \
    if (patterns.pixel_bytes == 2)                                                                                    \
      posterior_of_lane<Real, uint16_t>(patterns, panels, label, responsibility, evidence, scores, lane);             \
    else posterior_of_lane<Real, uint32_t>(patterns, panels, label, responsibility, evidence, scores, lane);          \
  }

MOTES_INSTANTIATE(float, f32)
MOTES_INSTANTIATE(double, f64)

}  // namespace motes::MOTES_ISA
