#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, likelihood_f32, const motes_patterns&, const Panels<float>&, float*, Lane)
MOTES_KERNEL(void, likelihood_f64, const motes_patterns&, const Panels<double>&, double*, Lane)
MOTES_KERNEL(void, posterior_f32, const motes_patterns&, const Panels<float>&, int32_t*, float*, float*, float*, Lane)
MOTES_KERNEL(void, posterior_f64, const motes_patterns&, const Panels<double>&, int32_t*, double*, double*, double*, Lane)

namespace motes {
namespace {

template <class Real>
motes_status validate_scoring(const motes_patterns* patterns, const Real* weights, const Real* base,
                              int64_t n_templates, const motes_run* run, motes_error* error) {
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_templates("weights", n_templates, patterns->n_pixels, error)) return bad;
  if (const auto bad = validate_numbers("weights", weights, patterns->n_pixels * n_templates, true, error)) return bad;
  return base ? validate_numbers("base", base, n_templates, true, error) : MOTES_OK;
}

template <class Real, class Kernel>
motes_status likelihood(Kernel kernel, const motes_patterns* patterns, const Real* weights, const Real* base,
                        int64_t n_templates, Real* out, const motes_run* run, motes_error* error) {
  if (const auto bad = validate_scoring(patterns, weights, base, n_templates, run, error)) return bad;
  if (const auto bad = validate_pointer("out", out, patterns->n_patterns, error)) return bad;
  return guarded(error, [&] {
    const PackedTemplates<Real> packed(weights, base, n_templates, patterns->n_pixels);
    const int workers = workers_for(lanes_in(patterns->n_patterns, kPatternsPerLane), run);
    return for_each_lane(patterns->n_patterns, kPatternsPerLane, workers, run,
                         [&](Lane lane, int) { kernel(*patterns, packed.panels, out, lane); });
  });
}

template <class Real, class Kernel>
motes_status posterior(Kernel kernel, const motes_patterns* patterns, const Real* weights, const Real* base,
                       int64_t n_templates, int32_t* label, Real* responsibility, Real* evidence, const motes_run* run,
                       motes_error* error) {
  if (const auto bad = validate_scoring(patterns, weights, base, n_templates, run, error)) return bad;
  return guarded(error, [&] {
    const PackedTemplates<Real> packed(weights, base, n_templates, patterns->n_pixels);
    const int workers = workers_for(lanes_in(patterns->n_patterns, kPatternsPerLane), run);
    std::vector<Buffer<Real>> scores;
    for (int w = 0; w < workers; ++w) scores.emplace_back(block_scratch(packed.shape()));
    return for_each_lane(patterns->n_patterns, kPatternsPerLane, workers, run, [&](Lane lane, int worker) {
      kernel(*patterns, packed.panels, label, responsibility, evidence, scores[static_cast<size_t>(worker)].get(), lane);
    });
  });
}

}  // namespace
}  // namespace motes

#define MOTES_DEFINE(Real, suffix)                                                                                    \
  motes_status motes_likelihood_##suffix(const motes_patterns* patterns, const Real* weights, const Real* base,       \
                                         int64_t n_templates, Real* out, const motes_run* run, motes_error* error) {  \
    return motes::likelihood(MOTES_CHOOSE(likelihood_##suffix), patterns, weights, base, n_templates, out, run,       \
                             error);                                                                                  \
  }                                                                                                                   \
  motes_status motes_posterior_##suffix(const motes_patterns* patterns, const Real* weights, const Real* base,        \
                                        int64_t n_templates, int32_t* label, Real* responsibility, Real* evidence,    \
                                        const motes_run* run, motes_error* error) {                                   \
    return motes::posterior(MOTES_CHOOSE(posterior_##suffix), patterns, weights, base, n_templates, label,            \
                            responsibility, evidence, run, error);                                                    \
  }

MOTES_DEFINE(float, f32)
MOTES_DEFINE(double, f64)
