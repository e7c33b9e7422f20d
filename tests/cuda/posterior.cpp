#include "cuda/posterior.hpp"

#include "containers.hpp"
#include "cuda/panels.hpp"
#include "queue.hpp"

namespace motes::cuda {
namespace {

template <class Real>
int run_posterior(const PatternsGiven& given, const Real* weights, const Real* base, int64_t n_templates,
                  const Wanted<Real>& wanted, int64_t shared, int64_t most, int order) {
  const Panels<Real> panels(weights, base, n_templates, given.n_pixels);
  HostQueue queue(order);
  queue.with(shared, most);
  return given.with([&](const auto& patterns) {
    posterior(queue, patterns, panels.at(panels.data()), wanted);
    return queue.verdict();
  });
}

}  // namespace
}  // namespace motes::cuda

extern "C" int posterior_f32(const motes::cuda::PatternsGiven* patterns, const float* weights, const float* base,
                             int64_t n_templates, int32_t* label, float* responsibility, float* evidence,
                             int64_t shared, int64_t most, int order) {
  return motes::cuda::run_posterior<float>(*patterns, weights, base, n_templates, {label, responsibility, evidence},
                                           shared, most, order);
}

extern "C" int posterior_f64(const motes::cuda::PatternsGiven* patterns, const double* weights, const double* base,
                             int64_t n_templates, int32_t* label, double* responsibility, double* evidence,
                             int64_t shared, int64_t most, int order) {
  return motes::cuda::run_posterior<double>(*patterns, weights, base, n_templates, {label, responsibility, evidence},
                                            shared, most, order);
}
