#include "cuda/backrotation.hpp"

#include "cuda/families.hpp"
#include "cuda/queue.cuh"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

template <class Real>
motes_status planes_of(const PatternsHeld& held, const Real* coefficients, int64_t n_templates, double* planes,
                       cudaStream_t stream, motes_error* error) {
  const auto& x = held.arrays;
  if (const auto bad = validate_templates("coefficients", n_templates, x.n_pixels, error)) return bad;
  if (const auto bad = validate_pointer("coefficients", coefficients, x.n_patterns * n_templates, error)) return bad;
  if (const auto bad = validate_pointer("planes", planes, x.n_pixels * n_templates, error)) return bad;
  if (!sums_fit<Real>(held.n_photons))
    return refuse(error, -1, "patterns: too many photons for exact sums; take parts");
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: back-rotation", error);
    const auto status = with_pixels(x, [&](const auto& patterns) {
      return backrotation(queue, patterns, coefficients, n_templates, planes, error);
    });
    return queue.fine() ? status : queue.status();
  });
}

}  // namespace

motes_status backrotation(const PatternsHeld& patterns, const float* coefficients, int64_t n_templates, double* planes,
                          cudaStream_t stream, motes_error* error) {
  return planes_of(patterns, coefficients, n_templates, planes, stream, error);
}
motes_status backrotation(const PatternsHeld& patterns, const double* coefficients, int64_t n_templates, double* planes,
                          cudaStream_t stream, motes_error* error) {
  return planes_of(patterns, coefficients, n_templates, planes, stream, error);
}

}  // namespace motes::cuda
