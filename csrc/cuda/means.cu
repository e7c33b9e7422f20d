#include "cuda/means.hpp"

#include "cuda/families.hpp"
#include "cuda/stages.hpp"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

constexpr const char* kDoing = "CUDA: sweep";

template <class Real>
motes_status sums_of(const PatternsHeld& held, const TemplatesGiven& given, bool hard, const SumsInReals& out,
                     cudaStream_t stream, motes_error* error) {
  const int64_t n_pixels = held.arrays.n_pixels, n = given.n_templates;
  if (const auto bad = validate_templates("templates", n, n_pixels, error)) return bad;
  if (const auto bad = validate_sums<Real>(held, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, kDoing, error);
    const Means means{given.means, given.real_bytes, nullptr, n * n_pixels, n, n_pixels, nullptr, given.low, given.high};
    const auto* const prior = queue.upload(given.prior, n);
    const auto* const photons = queue.upload(given.photons, n_pixels);
    const Noise noise = given.poisson ? Noise::kPoisson : Noise::kBernoulli;
    return with_pixels(held.arrays, [&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
      sweep_means<Real>(queue, patterns, means, noise, prior, photons, hard, out);
      return queue.status();
    });
  });
}

}  // namespace

motes_status check_means(const void* means, int real_bytes, int64_t n, double most, int64_t* index, double* value,
                         cudaStream_t stream, motes_error* error) {
  return guarded([&] {
    StreamQueue queue(stream, kDoing, error);
    *index = n == 0 ? 0 : index_of(queue, look_for(queue, n, NoMean{means, real_bytes, most}));
    if (queue.fine() && *index < n) *value = value_at(queue, means, real_bytes, *index);
    return queue.status();
  });
}

motes_status sweep_templates(const PatternsHeld& patterns, const TemplatesGiven& given, motes_assignment_rule rule,
                             bool in_double, double* planes, double* weights, double* told, cudaStream_t stream,
                             motes_error* error) {
  const auto call = in_double ? &sums_of<double> : &sums_of<float>;
  return call(patterns, given, rule == MOTES_HARD, {planes, weights, told}, stream, error);
}

}  // namespace motes::cuda
