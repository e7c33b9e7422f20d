// Log-likelihoods under templates in device memory: `motes.log_likelihood` of device arrays.
//
// Four launches for the templates (model.hpp) and one for the scores. A mean of 1 has no finite weight: such pixels say
// nothing at first, then the patterns are gone through once more, and where not all of these pixels fired the likelihood
// is zero.
#pragma once
#include "cuda/checks.hpp"
#include "cuda/likelihood.hpp"
#include "cuda/model.hpp"

namespace motes::cuda {

struct AlwaysFires {
  Means means;
  MOTES_HD bool operator()(int64_t i) const { return is_certain(means.value(i)); }
};

// out: (N, R), in device memory, as are the means. Waits for whether one of them is 1.
template <class Real, class Pixel, class Queue>
void score_means(Queue& queue, const PatternsOn<Pixel>& patterns, const Means& means, Noise noise, Real* out) {
  const int64_t n = means.n_templates;
  const auto model = model_of<Real>(queue, means.n_values, n, means.n_pixels);
  set_model(queue, means, noise, nullptr, nullptr, model);
  score_rows(queue, patterns, model.templates(), out, n);
  if (noise != Noise::kBernoulli || index_of(queue, look_for(queue, means.n_values, AlwaysFires{means})) == means.n_values)
    return;
  set_model(queue, means, Noise::kCertain, nullptr, nullptr, model);
  score_rows<RuledOut>(queue, patterns, model.templates(), out, n);
}

}  // namespace motes::cuda
