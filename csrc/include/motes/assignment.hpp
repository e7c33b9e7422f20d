// Assignment: one round of k-means on photon counts.
//
//     label[p] = argmin_k |x_p - c_k|^2 = argmax_k (x_p . w_k + base_k),   w_k = c_k,  base_k = -|c_k|^2 / 2
//
// (|x_p|^2 never matters), the first of equals. Clusters follow the patterns that moved: their photons leave one sum and
// enter another, in whole numbers, so the sums are exact and the same in any order.
//
// weights  (M, K), base (K): finite
// labels   (N): in and out; -1 = not assigned yet
// photons  (M, K), members (K): in and out; zeros before the first round
// error    labels: those of scores in float64, if no weight is below 0 (or none above): scores are taken in float32, and
//          again in float64 where the two largest are nearer than float32 rounds; sums: none
// cost     the likelihood's in float32, and 8 bytes in each of two sums for every photon of a pattern that moves
#pragma once
#include "motes/error.hpp"

namespace motes {

inline void assignment(const motes_patterns& patterns, std::span<const double> weights, std::span<const double> base,
                       motes_clusters& clusters, const motes_run* run = nullptr) {
  const auto n_clusters = static_cast<int64_t>(base.size());
  check_extent("weights", weights.size(), patterns.n_pixels * n_clusters);
  motes_error error;
  check(motes_assignment(&patterns, weights.data(), base.data(), n_clusters, &clusters, run, &error), error);
}

}  // namespace motes
