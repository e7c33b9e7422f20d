// Picks beside particles: which pick found which particle.
//
// A pair is possible where it is near: IoU > threshold (of circles, or of the squares about them), or distance < threshold.
//
//     greedy   in descending order of score (equal: ascending index), the closest particle that is not yet claimed
//     optimal  one-to-one: the most pairs, and of all such matchings the largest total IoU (smallest total distance)
//     best     every pick the closest particle; several may claim one (crYOLO's evaluation)
//     first    every pick the first possible particle by index; several may claim one (seed 001's correction)
//     topaz    one-to-one, by distance: the largest sum of threshold^2 - distance^2 (Topaz's match_coordinates)
//
// Equally close particles: the lowest index. Optimal matchings that are equally good: one of them, always the same.
//
// error  sums of the optimal rules are compared in float64: matchings whose totals differ by less than 1e-12 are equal
// order  the same bits for any number of threads; threads share micrographs
// cost   a search of four cells a pick; the optimal rules list all near pairs (32 bytes each) and take a shortest augmenting
//        path a pick, which stays in its cluster: at worst the cube of a cluster's size. Interrupted between micrographs
#pragma once
#include <vector>

#include "motes/error.hpp"

namespace motes {

// `matched`: the particle of each pick, or -1; `overlap`: IoU or distance. `score` is of the picks' type, or null.
inline void match(const motes_circles& picks, const void* score, const motes_circles& truth,
                  std::span<const int64_t> pick_indptr, std::span<const int64_t> truth_indptr, motes_measure measure,
                  double threshold, motes_match_rule rule, std::span<int64_t> matched, std::span<double> overlap,
                  const motes_run* run = nullptr) {
  check_extent("truth_indptr", truth_indptr.size(), static_cast<int64_t>(pick_indptr.size()));
  check_extent("matched", matched.size(), picks.n);
  check_extent("overlap", overlap.size(), picks.n);
  motes_error error;
  check(motes_matching(&picks, score, &truth, static_cast<int64_t>(pick_indptr.size()) - 1, pick_indptr.data(),
                       truth_indptr.data(), measure, threshold, rule, matched.data(), overlap.data(), run, &error),
        error);
}

// One micrograph.
inline void match(const motes_circles& picks, const void* score, const motes_circles& truth, motes_measure measure,
                  double threshold, motes_match_rule rule, std::span<int64_t> matched, std::span<double> overlap,
                  const motes_run* run = nullptr) {
  const int64_t pick_indptr[2] = {0, picks.n}, truth_indptr[2] = {0, truth.n};
  match(picks, score, truth, pick_indptr, truth_indptr, measure, threshold, rule, matched, overlap, run);
}

// Of pick i, entries indptr[i] to indptr[i + 1] - 1.
struct NearPairs {
  std::vector<int64_t> indptr, partner;
  std::vector<double> overlap;
};

inline NearPairs near_pairs(const motes_circles& picks, const motes_circles& truth, std::span<const int64_t> pick_indptr,
                            std::span<const int64_t> truth_indptr, motes_measure measure, double threshold,
                            const motes_run* run = nullptr) {
  check_extent("truth_indptr", truth_indptr.size(), static_cast<int64_t>(pick_indptr.size()));
  NearPairs found;
  found.indptr.resize(static_cast<size_t>(picks.n) + 1);
  motes_error error;
  const auto list = [&] {
    return motes_near_pairs(&picks, &truth, static_cast<int64_t>(pick_indptr.size()) - 1, pick_indptr.data(),
                            truth_indptr.data(), measure, threshold, static_cast<int64_t>(found.partner.size()),
                            found.indptr.data(), found.partner.data(), found.overlap.data(), run, &error);
  };
  auto status = list();
  if (status == MOTES_TOO_SMALL) {
    found.partner.resize(static_cast<size_t>(found.indptr.back()));
    found.overlap.resize(found.partner.size());
    status = list();
  }
  check(status, error);
  return found;
}

}  // namespace motes
