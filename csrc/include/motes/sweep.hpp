// One sweep over the patterns: the E step and the sums from which every M step is made, without an N x R array.
//
//     gamma[p, r]  = exp L[p, r] / sum_r' exp L[p, r']        (soft)      L as in motes/likelihood.hpp
//                  = 1 for the first largest L[p, r], else 0  (hard)
//     planes[i, r] = sum_p gamma[p, r] x[p, i]
//     weights[r]   = sum_p gamma[p, r]
//     log_likelihood = sum_p ln sum_r exp L[p, r]             (hard: sum_p max_r L[p, r])
//
// quantum  gamma is rounded to multiples of 2^-20 (float64: 2^-30), then summed as integers. The sums are exact: any
//          order of patterns, lanes, threads or workers gives the same bits, and sums of parts may be added
// error    |planes - exact| <= 2^-21 a photon beyond that of gamma (4e-7): 1e-4 of the photon noise of one photon
// cost     the likelihood's and the back-rotation's, and an exp a template and pattern; the photons are read once
#pragma once
#include "motes/error.hpp"

namespace motes {

inline double log_likelihood(const motes_sums& sums) {
  return static_cast<double>(sums.log_likelihood[0]) + static_cast<double>(sums.log_likelihood[1]) / (1 << 30);
}

namespace detail {

template <class Call, class Real>
motes_sums sweep(Call call, const motes_patterns& patterns, std::span<const Real> weights, std::span<const Real> base,
                 std::span<int64_t> planes, std::span<int64_t> orientation_weights, motes_assignment_rule rule,
                 const motes_run* run) {
  const auto n_templates = static_cast<int64_t>(base.size());
  check_extent("weights", weights.size(), patterns.n_pixels * n_templates);
  check_extent("planes", planes.size(), patterns.n_pixels * n_templates);
  check_extent("orientation_weights", orientation_weights.size(), n_templates);
  motes_sums sums{sizeof sums, planes.data(), orientation_weights.data(), {0, 0}, 0, 0};
  motes_error error;
  check(call(&patterns, weights.data(), base.data(), n_templates, rule, &sums, run, &error), error);
  return sums;
}

}  // namespace detail

// `planes` (M, R) and `weights` (R) receive multiples of the returned sums' quantum.
inline motes_sums sweep(const motes_patterns& patterns, std::span<const float> weights, std::span<const float> base,
                        std::span<int64_t> planes, std::span<int64_t> orientation_weights,
                        motes_assignment_rule rule = MOTES_SOFT, const motes_run* run = nullptr) {
  return detail::sweep(motes_sweep_f32, patterns, weights, base, planes, orientation_weights, rule, run);
}

inline motes_sums sweep(const motes_patterns& patterns, std::span<const double> weights, std::span<const double> base,
                        std::span<int64_t> planes, std::span<int64_t> orientation_weights,
                        motes_assignment_rule rule = MOTES_SOFT, const motes_run* run = nullptr) {
  return detail::sweep(motes_sweep_f64, patterns, weights, base, planes, orientation_weights, rule, run);
}

}  // namespace motes
