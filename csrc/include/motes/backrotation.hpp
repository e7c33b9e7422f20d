// Back-rotation: the likelihood's transpose, and the exact rotations around it.
//
//     planes[i, r] = sum_p c[p, r] x[p, i]                    patterns or gradients, gathered by template
//     template_r[i] = master[index[r, i]]                     expand
//     master[j] = sum_r sum_{i: index[r, i] = j} planes[i, r] rotate_home: the transpose of expand
//
// c       (N, R) finite coefficients (responsibilities, labels as 0 and 1, gradients)
// planes, templates  (M, R) float64, pixel-major
// index   (R, M) pixels of the master: exact rotations are permutations
// error   a coefficient is rounded to a multiple of q = 2^(e-20), 2^(e-1) <= max|c| < 2^e (float64: 2^(e-30)); the sums of
//         these are exact, hence the same bits in any order of patterns. |error| <= q/2 for each photon summed
// cost    a photon: 2 bytes, one load, one addition and one store of R numbers
#pragma once
#include "motes/error.hpp"

namespace motes {

inline void backrotation(const motes_patterns& patterns, std::span<const float> coefficients, int64_t n_templates,
                         std::span<double> planes, const motes_run* run = nullptr) {
  check_extent("coefficients", coefficients.size(), patterns.n_patterns * n_templates);
  check_extent("planes", planes.size(), patterns.n_pixels * n_templates);
  motes_error error;
  check(motes_backrotation_f32(&patterns, coefficients.data(), n_templates, planes.data(), run, &error), error);
}

inline void backrotation(const motes_patterns& patterns, std::span<const double> coefficients, int64_t n_templates,
                         std::span<double> planes, const motes_run* run = nullptr) {
  check_extent("coefficients", coefficients.size(), patterns.n_patterns * n_templates);
  check_extent("planes", planes.size(), patterns.n_pixels * n_templates);
  motes_error error;
  check(motes_backrotation_f64(&patterns, coefficients.data(), n_templates, planes.data(), run, &error), error);
}

inline void expand(std::span<const double> master, std::span<const int32_t> index, std::span<double> templates) {
  const auto n_pixels = static_cast<int64_t>(master.size());
  const int64_t n_templates = n_pixels ? static_cast<int64_t>(index.size()) / n_pixels : 0;
  check_extent("index", index.size(), n_templates * n_pixels);
  check_extent("templates", templates.size(), n_templates * n_pixels);
  motes_error error;
  check(motes_expand(master.data(), index.data(), n_templates, n_pixels, templates.data(), &error), error);
}

inline void rotate_home(std::span<const double> planes, std::span<const int32_t> index, std::span<double> master) {
  const auto n_pixels = static_cast<int64_t>(master.size());
  const int64_t n_templates = n_pixels ? static_cast<int64_t>(index.size()) / n_pixels : 0;
  check_extent("index", index.size(), n_templates * n_pixels);
  check_extent("planes", planes.size(), n_templates * n_pixels);
  motes_error error;
  check(motes_rotate_home(planes.data(), index.data(), n_templates, n_pixels, master.data(), &error), error);
}

}  // namespace motes
