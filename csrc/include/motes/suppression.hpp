// Non-maximum suppression: of circles that are one, the one with the highest score stays.
//
// Greedy: in descending order of score (equal scores: ascending index), a circle stays unless one that stayed before is
// near it: IoU > threshold, or distance < threshold. Where two radii are equal, IoU > t is decided as dx^2 + dy^2 < d_t^2,
// d_t found once by bisection; all in float64, whatever the type of the arrays.
//
// Soft: the highest score is taken and lowers the scores of the others: s *= 1 - IoU where IoU > threshold (linear), or
// s *= exp(-IoU^2 / sigma) (Gaussian), until none is left that reaches min_score. Scores must not be negative.
//
// Maps: the highest pixel above the threshold is a peak and takes all pixels within the radius (dx^2 + dy^2 <= radius^2)
// from the others; equal pixels: the first in row-major order. No pixel is taken across an edge.
//
// order  the same bits for any number of threads; threads share micrographs or maps, one is done by one thread
// cost   where no circle's area is above 8 times the mean, or by distance: a sort by cell, two stretches of a sorted plane
//        searched for a circle, a radix sort of what stays; otherwise a radix sort of all and a search of four cells a
//        circle and level of sizes, each of a few kept ones (a circle much larger than a level's, and not apart from all of
//        them, looks through the level). Memory 128 bytes a circle of the largest micrograph and
//        thread, half of it touched; a thread keeps up to 16 MB for its next call. Soft: a circle's neighbours; all of
//        them where all overlap
#pragma once
#include "motes/error.hpp"

namespace motes {

// Of several micrographs. `score` is of the circles' type; `kept` needs room for all, and receives the indices that stay in
// descending order of score, micrograph after micrograph; `kept_indptr` where each begins; `suppressor` may be empty.
inline void suppress(const motes_circles& circles, const void* score, std::span<const int64_t> indptr,
                     motes_measure measure, double threshold, std::span<int64_t> kept, std::span<int64_t> kept_indptr,
                     std::span<int64_t> suppressor = {}, const motes_run* run = nullptr) {
  check_extent("kept", kept.size(), circles.n);
  check_extent("kept_indptr", kept_indptr.size(), static_cast<int64_t>(indptr.size()));
  if (!suppressor.empty()) check_extent("suppressor", suppressor.size(), circles.n);
  motes_error error;
  check(motes_suppression(&circles, score, static_cast<int64_t>(indptr.size()) - 1, indptr.data(), measure, threshold,
                          kept.data(), kept_indptr.data(), suppressor.empty() ? nullptr : suppressor.data(), run, &error),
        error);
}

// Of one. Returns how many.
inline int64_t suppress(const motes_circles& circles, const void* score, motes_measure measure, double threshold,
                        std::span<int64_t> kept, const motes_run* run = nullptr) {
  const int64_t indptr[2] = {0, circles.n};
  int64_t kept_indptr[2];
  suppress(circles, score, indptr, measure, threshold, kept, kept_indptr, {}, run);
  return kept_indptr[1];
}

// As for several micrographs above; `decayed` (n) receives the final scores.
inline void soft_suppress(const motes_circles& circles, const void* score, std::span<const int64_t> indptr,
                          motes_decay decay, double parameter, double min_score, std::span<double> decayed,
                          std::span<int64_t> kept, std::span<int64_t> kept_indptr, const motes_run* run = nullptr) {
  check_extent("decayed", decayed.size(), circles.n);
  check_extent("kept", kept.size(), circles.n);
  check_extent("kept_indptr", kept_indptr.size(), static_cast<int64_t>(indptr.size()));
  motes_error error;
  check(motes_soft_suppression(&circles, score, static_cast<int64_t>(indptr.size()) - 1, indptr.data(), decay, parameter,
                               min_score, decayed.data(), kept.data(), kept_indptr.data(), run, &error),
        error);
}

// Peaks of one map of rows of `width` pixels; `peak` needs room for every pixel. Returns how many.
template <class Real>
int64_t suppress_map(std::span<const Real> map, int64_t width, double radius, double threshold, std::span<int64_t> peak,
                     const motes_run* run = nullptr) {
  const int64_t height = width > 0 ? static_cast<int64_t>(map.size()) / width : 0;
  check_extent("map", map.size(), height * width);
  check_extent("peak", peak.size(), height * width);
  int64_t n_peaks = 0;
  motes_error error;
  check(motes_map_suppression(map.data(), sizeof(Real), 1, height, width, radius, threshold, peak.data(), &n_peaks, run,
                              &error),
        error);
  return n_peaks;
}

}  // namespace motes
