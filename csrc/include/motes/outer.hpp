// Sums of outer products of patterns rotated home: second moments and Fisher information.
//
//     u_p[slot(j)] = sum_k c[p, k] sum_{i: index[k, i] = j} x[p, i]        j a pixel of the master
//     sums = sum_p u_p u_p^T
//
// The pixels that the rotations exchange form an orbit; each orbit has R neighbouring slots, one for each rotation of its
// first pixel (orbits shorter than R give a pixel several slots, to be added up). A photon adds c[p, turn[phase, slot]] to
// the slots of its orbit. With `with_coefficients`, c[p, :] itself stands in R slots more, after the last orbit.
// The score of one pattern is linear in these: see docs/theory.md. R = 1, orbit = pixel: plain second moments.
//
// coefficients (N, R) in 0..1; nullptr with R = 1: ones
// sums         (S, S), S = (n_orbits + with_coefficients) R
// error        a coefficient is rounded to 2^-15, or down to 2^-8 where more than 2^20 patterns or large counts ask for it
//              (beyond, the call is refused); the sums of the products are exact in float64, hence the same bits in any order
// cost         a pair of photons of a pattern: R^2 multiplications and additions, R where the orientation is certain
#pragma once
#include "motes/error.hpp"

namespace motes {

inline void outer(const motes_patterns& patterns, std::span<const float> coefficients, const motes_orbits& orbits,
                  bool with_coefficients, std::span<double> sums, const motes_run* run = nullptr) {
  const int64_t slots = (orbits.n_orbits + (with_coefficients ? 1 : 0)) * orbits.n_slots;
  if (!coefficients.empty()) check_extent("coefficients", coefficients.size(), patterns.n_patterns * orbits.n_slots);
  check_extent("sums", sums.size(), slots * slots);
  motes_error error;
  check(motes_outer(&patterns, coefficients.empty() ? nullptr : coefficients.data(), &orbits, with_coefficients,
                    sums.data(), run, &error),
        error);
}

}  // namespace motes
