#include "cuda/families.hpp"
#include "cuda/launch.cuh"
#include "cuda/likelihood.hpp"
#include "cuda/stages.hpp"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

template <class Real, class Pixel>
motes_status launch_scores(const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, Real* out,
                           int64_t stride, const Limits& limits, cudaStream_t stream, motes_error* error) {
  const auto run = [&](auto kernel) {
    kernel.blocks_each = blocks_for_panels(kernel, patterns.n_patterns, templates.n_panels, limits.multiprocessors);
    return launch(kernel, stream, "CUDA: likelihood", error);
  };
  const Likelihood<Real, Pixel, true> staged{patterns, templates, out, stride, stride, 1};
  if (staged.shared_bytes() <= limits.shared_per_block) return run(staged);
  return run(Likelihood<Real, Pixel, false>{patterns, templates, out, stride, stride, 1});
}

MOTES_INSTANTIATE_SCORES(, float, uint16_t)
MOTES_INSTANTIATE_SCORES(, float, uint32_t)
MOTES_INSTANTIATE_SCORES(, double, uint16_t)
MOTES_INSTANTIATE_SCORES(, double, uint32_t)

namespace {

template <class Real>
motes_status scores(const PatternsHeld& held, const Real* weights, const Real* base, int64_t n_templates, Real* out,
                    cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_scoring(held.arrays, weights, base, n_templates, error)) return bad;
  if (held.arrays.n_patterns == 0) return MOTES_OK;
  return guarded([&] {
    Limits limits;
    if (const auto bad = limits_of_current(&limits, error)) return bad;
    Uploaded<Real> uploaded(weights, base, n_templates, held.arrays.n_pixels, stream);
    if (const auto bad = uploaded.upload(error)) return bad;
    return with_pixels(held.arrays, [&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
      return launch_scores(patterns, uploaded.templates(), out, n_templates, limits, stream, error);
    });
  });
}

}  // namespace

motes_status likelihood(const PatternsHeld& patterns, const float* weights, const float* base, int64_t n_templates,
                        float* out, cudaStream_t stream, motes_error* error) {
  return scores(patterns, weights, base, n_templates, out, stream, error);
}
motes_status likelihood(const PatternsHeld& patterns, const double* weights, const double* base, int64_t n_templates,
                        double* out, cudaStream_t stream, motes_error* error) {
  return scores(patterns, weights, base, n_templates, out, stream, error);
}

}  // namespace motes::cuda
