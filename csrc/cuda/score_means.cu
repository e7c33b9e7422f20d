#include "cuda/score_means.hpp"

#include "cuda/families.hpp"
#include "cuda/stages.hpp"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

template <class Real>
motes_status scores_of(const PatternsHeld& held, const TemplatesGiven& given, void* out, cudaStream_t stream,
                       motes_error* error) {
  const int64_t n_pixels = held.arrays.n_pixels, n = given.n_templates;
  if (const auto bad = validate_templates("templates", n, n_pixels, error)) return bad;
  if (held.arrays.n_patterns == 0) return MOTES_OK;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: likelihood", error);
    const Means means{given.means, given.real_bytes, nullptr, n * n_pixels, n, n_pixels, nullptr, given.low, given.high};
    const Noise noise = given.poisson ? Noise::kPoisson : Noise::kBernoulli;
    return with_pixels(held.arrays, [&](const auto& patterns) {
      score_means(queue, patterns, means, noise, static_cast<Real*>(out));
      return queue.status();
    });
  });
}

}  // namespace

motes_status likelihood_templates(const PatternsHeld& patterns, const TemplatesGiven& given, bool in_double, void* out,
                                  cudaStream_t stream, motes_error* error) {
  const auto call = in_double ? &scores_of<double> : &scores_of<float>;
  return call(patterns, given, out, stream, error);
}

}  // namespace motes::cuda
