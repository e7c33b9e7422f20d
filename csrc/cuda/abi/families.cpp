#include "cuda/families.hpp"

#include "cuda/abi/patterns.hpp"
#include "cuda/abi/place.hpp"

namespace motes::cuda {
namespace {

template <class Real>
motes_status likelihood_at(const motes_cuda_patterns* patterns, const Real* weights, const Real* base, int64_t n_templates,
                           Real* out, const motes_cuda_run* run, motes_error* error) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    const auto& held = patterns->stored.held;
    if (const auto bad = at.validate_memory("out", out, held.arrays.n_patterns)) return bad;
    return likelihood(held, weights, base, n_templates, out, at.stream(), error);
  });
}

template <class Real>
motes_status posterior_at(const motes_cuda_patterns* patterns, const Real* weights, const Real* base, int64_t n_templates,
                          int32_t* label, Real* responsibility, Real* evidence, const motes_cuda_run* run,
                          motes_error* error) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    if (const auto bad = at.validate_optional("label", label)) return bad;
    if (const auto bad = at.validate_optional("responsibility", responsibility)) return bad;
    if (const auto bad = at.validate_optional("evidence", evidence)) return bad;
    return posterior(patterns->stored.held, weights, base, n_templates, label, responsibility, evidence, at.stream(),
                     error);
  });
}

template <class Real>
motes_status backrotation_at(const motes_cuda_patterns* patterns, const Real* coefficients, int64_t n_templates,
                             double* planes, const motes_cuda_run* run, motes_error* error) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    if (const auto bad = at.validate_optional("coefficients", coefficients)) return bad;
    if (const auto bad = at.validate_optional("planes", planes)) return bad;
    return backrotation(patterns->stored.held, coefficients, n_templates, planes, at.stream(), error);
  });
}

template <class Real>
motes_status sweep_at(const motes_cuda_patterns* patterns, const Real* weights, const Real* base, int64_t n_templates,
                      motes_assignment_rule rule, motes_sums* sums, const motes_cuda_run* run, motes_error* error) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    const auto& held = patterns->stored.held;
    if (const auto bad = validate_templates("weights", n_templates, held.arrays.n_pixels, error)) return bad;
    if (const auto bad = validate_sums(rule, sums, n_templates, held.arrays.n_pixels, error)) return bad;
    return sweep(held, weights, base, n_templates, rule, sums, at.stream(), error);
  });
}

}  // namespace
}  // namespace motes::cuda

#define MOTES_DEFINE(Real, suffix)                                                                                     \
  motes_status motes_cuda_likelihood_##suffix(const motes_cuda_patterns* patterns, const Real* weights,                \
                                              const Real* base, int64_t n_templates, Real* out,                        \
                                              const motes_cuda_run* run, motes_error* error) {                         \
    return motes::cuda::likelihood_at(patterns, weights, base, n_templates, out, run, error);                          \
  }                                                                                                                    \
  motes_status motes_cuda_posterior_##suffix(const motes_cuda_patterns* patterns, const Real* weights,                 \
                                             const Real* base, int64_t n_templates, int32_t* label,                    \
                                             Real* responsibility, Real* evidence, const motes_cuda_run* run,          \
                                             motes_error* error) {                                                     \
    return motes::cuda::posterior_at(patterns, weights, base, n_templates, label, responsibility, evidence, run,       \
                                     error);                                                                           \
  }                                                                                                                    \
  motes_status motes_cuda_backrotation_##suffix(const motes_cuda_patterns* patterns, const Real* coefficients,         \
                                                int64_t n_templates, double* planes, const motes_cuda_run* run,        \
                                                motes_error* error) {                                                  \
    return motes::cuda::backrotation_at(patterns, coefficients, n_templates, planes, run, error);                      \
  }                                                                                                                    \
  motes_status motes_cuda_sweep_##suffix(const motes_cuda_patterns* patterns, const Real* weights, const Real* base,   \
                                         int64_t n_templates, motes_assignment_rule rule, motes_sums* sums,            \
                                         const motes_cuda_run* run, motes_error* error) {                              \
    return motes::cuda::sweep_at(patterns, weights, base, n_templates, rule, sums, run, error);                        \
  }

MOTES_DEFINE(float, f32)
MOTES_DEFINE(double, f64)

motes_status motes_cuda_assignment(const motes_cuda_patterns* patterns, const double* weights, const double* base,
                                   int64_t n_clusters, motes_clusters* clusters, const motes_cuda_run* run,
                                   motes_error* error) {
  using namespace motes::cuda;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    if (const auto bad = motes::validate_struct("clusters", clusters, error)) return bad;
    if (const auto bad = at.validate_optional("clusters.labels", clusters->labels)) return bad;
    return assignment(patterns->stored.held, weights, base, n_clusters, clusters, at.stream(), error);
  });
}

motes_status motes_cuda_expand(const double* master, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                               double* templates, const motes_cuda_run* run, motes_error* error) {
  using namespace motes::cuda;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_memory("master", master, n_pixels)) return bad;
    if (const auto bad = at.validate_memory("templates", templates, n_pixels)) return bad;
    return expand(master, index, n_templates, n_pixels, templates, at.stream(), error);
  });
}

motes_status motes_cuda_rotate_home(const double* planes, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                                    double* master, const motes_cuda_run* run, motes_error* error) {
  using namespace motes::cuda;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_memory("planes", planes, n_pixels)) return bad;
    if (const auto bad = at.validate_memory("master", master, n_pixels)) return bad;
    return rotate_home(planes, index, n_templates, n_pixels, master, at.stream(), error);
  });
}

motes_status motes_cuda_outer(const motes_cuda_patterns* patterns, const float* coefficients, const motes_orbits* orbits,
                              int with_coefficients, double* sums, const motes_cuda_run* run, motes_error* error) {
  using namespace motes::cuda;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    if (const auto bad = at.validate_optional("coefficients", coefficients)) return bad;
    if (const auto bad = at.validate_optional("sums", sums)) return bad;
    return outer(patterns->stored.held, coefficients, orbits, with_coefficients != 0, sums, at.stream(), error);
  });
}
