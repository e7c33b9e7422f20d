// E and M step in one pass, without an N x R array: see motes/sweep.hpp.
#include "kernels/fixed.h"
#include "kernels/scatter.h"
#include "kernels/score.h"
#include "kernels/softmax.h"

namespace motes::MOTES_ISA {
namespace {

// In place of the responsibilities: their multiples of the quantum (Amount has the size of Real).
template <class Real>
inline typename Fixed<Real>::Amount* quantise(Real* gamma, int64_t size) {
  typedef typename Fixed<Real>::Amount Amount;
  for (int64_t i = 0; i < size; ++i) {
    const Amount amount = amount_of(gamma[i]);
    memcpy(gamma + i, &amount, sizeof amount);
  }
  return reinterpret_cast<Amount*>(gamma);
}

// The whole of each pattern to its best template.
template <class Real>
inline void winner_takes_all(Real* scores, int n, int64_t stride, int64_t n_templates, double* log_evidence) {
  for (int k = 0; k < n; ++k) {
    Real* row = scores + k * stride;
    const int64_t best = first_largest(row, n_templates);
    log_evidence[k] = static_cast<double>(row[best]);
    const Real won = log_evidence[k] == -HUGE_VAL ? Real(0) : Real(1);
    for (int64_t r = 0; r < stride; ++r) row[r] = r == best ? won : Real(0);
  }
}

template <class Real, class Pixel>
void sweep_lane(const motes_patterns& patterns, const Panels<Real>& panels, int hard, SweepState<Real>& state, Lane lane) {
  typedef typename Fixed<Real>::Amount Amount;
  const int64_t stride = panels.n_panels * panels.width;
  Block block;
  double log_evidence[kMaxBlock];
  const int size = block_size(static_cast<int64_t>(sizeof(Real)) * stride);
  for (block.first = lane.begin; block.first < lane.end; block.first += size) {
    block.size = static_cast<int>(lane.end - block.first < size ? lane.end - block.first : size);
    order_by_length(patterns.indptr, block);
    score_block<Real, Pixel>(patterns, block, panels, state.scores, stride);
    if (hard) winner_takes_all(state.scores, block.size, stride, panels.n_templates, log_evidence);
    else softmax(state.scores, block.size, stride, log_evidence);
    for (int k = 0; k < block.size; ++k) {
      if (log_evidence[k] == -HUGE_VAL) ++state.n_impossible;
      else add_fixed(log_evidence[k], state.log_likelihood);
    }
    const Amount* amounts = quantise(state.scores, block.size * stride);
    for (int64_t r = 0; r < stride; ++r) {
      int64_t sum = 0;
      for (int k = 0; k < block.size; ++k) sum += amounts[k * stride + r];
      state.weights[r] += sum;
    }
    scatter_block<Amount, Pixel>(patterns, block, amounts, state.planes);
  }
}

}  // namespace

#define MOTES_INSTANTIATE(Real, suffix)                                                                                \
  void sweep_##suffix(const motes_patterns& patterns, const Panels<Real>& panels, int hard, SweepState<Real>& state,   \
                      Lane lane) {                                                                                     \
    if (patterns.pixel_bytes == 2) sweep_lane<Real, uint16_t>(patterns, panels, hard, state, lane);                    \
    else sweep_lane<Real, uint32_t>(patterns, panels, hard, state, lane);                                              \
  }                                                                                                                    \
  void finish_sweep_##suffix(SweepState<Real>& state) { flush(state.planes); }

MOTES_INSTANTIATE(float, f32)
MOTES_INSTANTIATE(double, f64)

}  // namespace motes::MOTES_ISA
