#include "cuda/backrotation.hpp"

#include "containers.hpp"
#include "queue.hpp"

#include "dispatch/validate.cpp"

namespace motes::cuda {
namespace {

template <class Real>
int planes_of(const PatternsGiven& given, const Real* coefficients, int64_t n_templates, int64_t shared,
                 double* planes, motes_error* error, int64_t* status, int order) {
  HostQueue queue(order);
  queue.with(shared);
  return given.with([&](const auto& patterns) {
    *status = backrotation(queue, patterns, coefficients, n_templates, planes, error);
    return queue.verdict();
  });
}

}  // namespace
}  // namespace motes::cuda

extern "C" int backrotation_f32(const motes::cuda::PatternsGiven* patterns, const float* coefficients,
                                int64_t n_templates, int64_t shared, double* planes, motes_error* error,
                                int64_t* status, int order) {
  return motes::cuda::planes_of(*patterns, coefficients, n_templates, shared, planes, error, status, order);
}

extern "C" int backrotation_f64(const motes::cuda::PatternsGiven* patterns, const double* coefficients,
                                int64_t n_templates, int64_t shared, double* planes, motes_error* error,
                                int64_t* status, int order) {
  return motes::cuda::planes_of(*patterns, coefficients, n_templates, shared, planes, error, status, order);
}
