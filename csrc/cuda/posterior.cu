#include "cuda/posterior.hpp"

#include "cuda/families.hpp"
#include "cuda/stages.hpp"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

template <class Real>
motes_status posterior_of(const PatternsHeld& held, const Real* weights, const Real* base, int64_t n_templates,
                          const Wanted<Real>& wanted, cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_scoring(held.arrays, weights, base, n_templates, error)) return bad;
  if (held.arrays.n_patterns == 0) return MOTES_OK;
  return guarded([&] {
    Uploaded<Real> uploaded(weights, base, n_templates, held.arrays.n_pixels, stream);
    if (const auto bad = uploaded.upload(error)) return bad;
    StreamQueue queue(stream, "CUDA: posterior", error);
    return with_pixels(held.arrays, [&](const auto& patterns) {
      posterior(queue, patterns, uploaded.templates(), wanted);
      return queue.status();
    });
  });
}

}  // namespace

motes_status posterior(const PatternsHeld& patterns, const float* weights, const float* base, int64_t n_templates,
                       int32_t* label, float* responsibility, float* evidence, cudaStream_t stream,
                       motes_error* error) {
  return posterior_of<float>(patterns, weights, base, n_templates, {label, responsibility, evidence}, stream, error);
}
motes_status posterior(const PatternsHeld& patterns, const double* weights, const double* base, int64_t n_templates,
                       int32_t* label, double* responsibility, double* evidence, cudaStream_t stream,
                       motes_error* error) {
  return posterior_of<double>(patterns, weights, base, n_templates, {label, responsibility, evidence}, stream, error);
}

}  // namespace motes::cuda
