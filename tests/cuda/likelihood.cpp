#include "cuda/likelihood.hpp"

#include "containers.hpp"
#include "cuda/pack.hpp"
#include "cuda/panels.hpp"
#include "dispatch/status.cpp"
#include "dispatch/validate.cpp"
#include "queue.hpp"

namespace motes::cuda {
namespace {

template <class Real>
int likelihood(const PatternsGiven& given, const Real* weights, const Real* base, int64_t n_templates, Real* out,
               int staged, int64_t blocks_each, int order) {
  const Panels<Real> panels(weights, base, n_templates, given.n_pixels);
  const Templates<Real> templates = panels.at(panels.data());
  return given.with([&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
    if (staged)
      return run_on_host(Likelihood<Real, Pixel, true>{patterns, templates, out, n_templates, n_templates, blocks_each},
                         order);
    return run_on_host(Likelihood<Real, Pixel, false>{patterns, templates, out, n_templates, n_templates, blocks_each},
                       order);
  });
}

// Templates that are packed by a kernel; `told`: what is wrong with them.
template <class Real>
int likelihood_packed(const PatternsGiven& given, const Real* weights, const Real* base, int64_t n_templates, Real* out,
                      motes_error* told, int order) {
  HostQueue queue(order);
  if (check_scoring(queue, weights, base, n_templates, given.n_pixels, told)) return queue.verdict();
  const auto templates = packed(queue, weights, base, n_templates, given.n_pixels);
  return given.with([&](const auto& patterns) {
    score_rows(queue, patterns, templates, out, n_templates);
    return queue.verdict();
  });
}

}  // namespace
}  // namespace motes::cuda

extern "C" int likelihood_packed_f32(const motes::cuda::PatternsGiven* patterns, const float* weights, const float* base,
                                     int64_t n_templates, float* out, motes_error* told, int order) {
  return motes::cuda::likelihood_packed(*patterns, weights, base, n_templates, out, told, order);
}

extern "C" int likelihood_packed_f64(const motes::cuda::PatternsGiven* patterns, const double* weights,
                                     const double* base, int64_t n_templates, double* out, motes_error* told, int order) {
  return motes::cuda::likelihood_packed(*patterns, weights, base, n_templates, out, told, order);
}

extern "C" int likelihood_f32(const motes::cuda::PatternsGiven* patterns, const float* weights, const float* base,
                              int64_t n_templates, float* out, int staged, int64_t blocks_each, int order) {
  return motes::cuda::likelihood(*patterns, weights, base, n_templates, out, staged, blocks_each, order);
}

extern "C" int likelihood_f64(const motes::cuda::PatternsGiven* patterns, const double* weights, const double* base,
                              int64_t n_templates, double* out, int staged, int64_t blocks_each, int order) {
  return motes::cuda::likelihood(*patterns, weights, base, n_templates, out, staged, blocks_each, order);
}
