#include "cuda/likelihood.hpp"

#include "containers.hpp"
#include "cuda/pack.hpp"
#include "cuda/panels.hpp"
#include "cuda/score_means.hpp"
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

// Of means.
template <class Real>
int likelihood_of_means(const PatternsGiven& given, const void* values, int64_t real_bytes, int64_t n_templates,
                        int poisson, void* out, int order) {
  HostQueue queue(order);
  const int64_t n = n_templates * given.n_pixels;
  const Means means{values, static_cast<int>(real_bytes), nullptr, n, n_templates, given.n_pixels, nullptr, 0, HUGE_VAL};
  return given.with([&](const auto& patterns) {
    score_means(queue, patterns, means, poisson ? Noise::kPoisson : Noise::kBernoulli, static_cast<Real*>(out));
    return queue.verdict();
  });
}

}  // namespace
}  // namespace motes::cuda

extern "C" int likelihood_means(const motes::cuda::PatternsGiven* patterns, const void* values, int64_t real_bytes,
                                int64_t n_templates, int poisson, int in_double, void* out, int order) {
  const auto call = in_double ? &motes::cuda::likelihood_of_means<double> : &motes::cuda::likelihood_of_means<float>;
  return call(*patterns, values, real_bytes, n_templates, poisson, out, order);
}

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
