#include "cuda/likelihood.hpp"

#include "cuda/likelihood_there.hpp"
#include "cuda/pack.hpp"
#include "cuda/stages.hpp"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

MOTES_INSTANTIATE_SCORES(, float, uint16_t)
MOTES_INSTANTIATE_SCORES(, float, uint32_t)
MOTES_INSTANTIATE_SCORES(, double, uint16_t)
MOTES_INSTANTIATE_SCORES(, double, uint32_t)

namespace {

template <class Put, class Real>
motes_status scores(const PatternsHeld& held, const Real* weights, const Real* base, int64_t n_templates, Real* out,
                    cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_scoring(held.arrays, weights, base, n_templates, error)) return bad;
  if (held.arrays.n_patterns == 0) return MOTES_OK;
  return guarded([&] {
    Uploaded<Real> uploaded(weights, base, n_templates, held.arrays.n_pixels, stream);
    if (const auto bad = uploaded.upload(error)) return bad;
    StreamQueue queue(stream, "CUDA: likelihood", error);
    return with_pixels(held.arrays, [&](const auto& patterns) {
      score_rows<Put>(queue, patterns, uploaded.templates(), out, n_templates);
      return queue.status();
    });
  });
}

template <class Real>
motes_status scores_there(const PatternsHeld& held, const Real* weights, const Real* base, int64_t n_templates, Real* out,
                          cudaStream_t stream, motes_error* error) {
  const int64_t n_pixels = held.arrays.n_pixels;
  if (const auto bad = validate_templates("weights", n_templates, n_pixels, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: likelihood", error);
    if (const auto bad = check_scoring(queue, weights, base, n_templates, n_pixels, error)) return bad;
    if (!queue.fine() || held.arrays.n_patterns == 0) return queue.status();
    const auto templates = packed(queue, weights, base, n_templates, n_pixels);
    return with_pixels(held.arrays, [&](const auto& patterns) {
      score_rows(queue, patterns, templates, out, n_templates);
      return queue.status();
    });
  });
}

}  // namespace

motes_status likelihood_there(const PatternsHeld& patterns, const float* weights, const float* base, int64_t n_templates,
                              float* out, cudaStream_t stream, motes_error* error) {
  return scores_there(patterns, weights, base, n_templates, out, stream, error);
}
motes_status likelihood_there(const PatternsHeld& patterns, const double* weights, const double* base,
                              int64_t n_templates, double* out, cudaStream_t stream, motes_error* error) {
  return scores_there(patterns, weights, base, n_templates, out, stream, error);
}

motes_status likelihood(const PatternsHeld& patterns, const float* weights, const float* base, int64_t n_templates,
                        float* out, cudaStream_t stream, motes_error* error) {
  return scores<Written>(patterns, weights, base, n_templates, out, stream, error);
}
motes_status likelihood(const PatternsHeld& patterns, const double* weights, const double* base, int64_t n_templates,
                        double* out, cudaStream_t stream, motes_error* error) {
  return scores<Written>(patterns, weights, base, n_templates, out, stream, error);
}

motes_status rule_out(const PatternsHeld& patterns, const float* weights, const float* base, int64_t n_templates,
                      float* out, cudaStream_t stream, motes_error* error) {
  return scores<RuledOut>(patterns, weights, base, n_templates, out, stream, error);
}
motes_status rule_out(const PatternsHeld& patterns, const double* weights, const double* base, int64_t n_templates,
                      double* out, cudaStream_t stream, motes_error* error) {
  return scores<RuledOut>(patterns, weights, base, n_templates, out, stream, error);
}

}  // namespace motes::cuda
