// Log-likelihood of every pattern under every template, and the posterior over templates.
//
//     L[p, r] = base[r] + sum_i x[p, i] w[i, r]
//
//     Bernoulli   w = ln mu - ln(1 - mu),  base = sum_i ln(1 - mu_ir)
//     Poisson     w = ln mu,               base = -sum_i mu_ir        (ln x! left out: it knows no template)
//
//     gamma[p, r] = exp L[p, r] / sum_r' exp L[p, r']        evidence[p] = ln sum_r exp L[p, r]
//
// w        (M, R) weights, pixel-major; within +-1e20, or -inf where a photon is impossible
// base     (R); nullptr = 0. A prior ln pi_r goes in here
// out      (N, R) nats
// label    (N) the most likely template, the first of equals
// error    float32: 2^-24 n_p max|partial sum| (3e-5 nats at 30 photons); float64: 2^-53 likewise. Summed in photon
//          order: the same bits for any number of threads. gamma: 4e-7 + 2^-24 |L - max L| relative, evidence: 4e-7
//          absolute, both given L (float64: the C library's)
// cost     a photon: 2 bytes, one load of R numbers and one addition of them
#pragma once
#include "motes/error.hpp"

namespace motes {

inline void likelihood(const motes_patterns& patterns, std::span<const float> weights, std::span<const float> base,
                       std::span<float> out, const motes_run* run = nullptr) {
  const auto n_templates = static_cast<int64_t>(base.size());
  check_extent("weights", weights.size(), patterns.n_pixels * n_templates);
  check_extent("out", out.size(), patterns.n_patterns * n_templates);
  motes_error error;
  check(motes_likelihood_f32(&patterns, weights.data(), base.data(), n_templates, out.data(), run, &error), error);
}

inline void likelihood(const motes_patterns& patterns, std::span<const double> weights, std::span<const double> base,
                       std::span<double> out, const motes_run* run = nullptr) {
  const auto n_templates = static_cast<int64_t>(base.size());
  check_extent("weights", weights.size(), patterns.n_pixels * n_templates);
  check_extent("out", out.size(), patterns.n_patterns * n_templates);
  motes_error error;
  check(motes_likelihood_f64(&patterns, weights.data(), base.data(), n_templates, out.data(), run, &error), error);
}

// Outputs of size 0 are not computed.
template <class Real>
struct Posterior {
  std::span<int32_t> label;
  std::span<Real> responsibility, evidence;
};

namespace detail {

template <class Call, class Real>
void posterior(Call call, const motes_patterns& patterns, std::span<const Real> weights, std::span<const Real> base,
               const Posterior<Real>& out, const motes_run* run) {
  const auto n_templates = static_cast<int64_t>(base.size());
  check_extent("weights", weights.size(), patterns.n_pixels * n_templates);
  if (!out.label.empty()) check_extent("label", out.label.size(), patterns.n_patterns);
  if (!out.evidence.empty()) check_extent("evidence", out.evidence.size(), patterns.n_patterns);
  if (!out.responsibility.empty())
    check_extent("responsibility", out.responsibility.size(), patterns.n_patterns * n_templates);
  const auto data = [](auto span) { return span.empty() ? nullptr : span.data(); };
  motes_error error;
  check(call(&patterns, weights.data(), base.data(), n_templates, data(out.label), data(out.responsibility),
             data(out.evidence), run, &error),
        error);
}

}  // namespace detail

inline void posterior(const motes_patterns& patterns, std::span<const float> weights, std::span<const float> base,
                      const Posterior<float>& out, const motes_run* run = nullptr) {
  detail::posterior(motes_posterior_f32, patterns, weights, base, out, run);
}

inline void posterior(const motes_patterns& patterns, std::span<const double> weights, std::span<const double> base,
                      const Posterior<double>& out, const motes_run* run = nullptr) {
  detail::posterior(motes_posterior_f64, patterns, weights, base, out, run);
}

}  // namespace motes
