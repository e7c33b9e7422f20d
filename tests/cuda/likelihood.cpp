#include "cuda/likelihood.hpp"

#include "containers.hpp"
#include "cuda/panels.hpp"
#include "driver.hpp"

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

}  // namespace
}  // namespace motes::cuda

extern "C" int likelihood_f32(const motes::cuda::PatternsGiven* patterns, const float* weights, const float* base,
                              int64_t n_templates, float* out, int staged, int64_t blocks_each, int order) {
  return motes::cuda::likelihood(*patterns, weights, base, n_templates, out, staged, blocks_each, order);
}

extern "C" int likelihood_f64(const motes::cuda::PatternsGiven* patterns, const double* weights, const double* base,
                              int64_t n_templates, double* out, int staged, int64_t blocks_each, int order) {
  return motes::cuda::likelihood(*patterns, weights, base, n_templates, out, staged, blocks_each, order);
}
