// What the assignment checks and prepares, wherever it runs.
#pragma once
#include <algorithm>
#include <cmath>

#include "dispatch/validate.hpp"
#include "kernels/assignment.h"
#include "kernels/planes.h"

namespace motes {

inline motes_status validate_clusters(const motes_patterns& patterns, const double* weights, const double* base,
                                      int64_t n_clusters, const motes_clusters* clusters, motes_error* error) {
  if (const auto bad = validate_templates("weights", n_clusters, patterns.n_pixels, error)) return bad;
  const int64_t size = patterns.n_pixels * n_clusters;
  if (const auto bad = validate_numbers("weights", weights, size, false, error)) return bad;
  if (const auto bad = validate_numbers("base", base, n_clusters, false, error)) return bad;
  if (const auto bad = validate_struct("clusters", clusters, error)) return bad;
  if (const auto bad = validate_pointer("clusters.photons", clusters->photons, size, error)) return bad;
  if (const auto bad = validate_pointer("clusters.members", clusters->members, n_clusters, error)) return bad;
  return validate_pointer("clusters.labels", clusters->labels, patterns.n_patterns, error);
}

inline motes_status refuse_label(int32_t label, int64_t p, int64_t n_clusters, motes_error* error) {
  return refuse(error, p, "clusters.labels: expected -1..%lld, got %d at index %lld",
                static_cast<long long>(n_clusters - 1), label, static_cast<long long>(p));
}

inline ExactClusters exact_clusters(const double* weights, const double* base, int64_t n_clusters) {
  ExactClusters exact{weights, base, n_clusters, 0};
  for (int64_t k = 0; k < n_clusters; ++k) exact.largest_base = std::max(exact.largest_base, std::abs(base[k]));
  return exact;
}

// Adds what the clusters gained: photons (M, K), members (K), score and the patterns that moved.
inline void gain(motes_clusters* clusters, int64_t n_pixels, int64_t n_clusters, const int64_t* photons,
                 const int64_t* members, const int64_t* score, int64_t n_moved) {
  for (int64_t i = 0; i < n_pixels * n_clusters; ++i) clusters->photons[i] += photons[i];
  for (int64_t k = 0; k < n_clusters; ++k) clusters->members[k] += members[k];
  clusters->n_moved += n_moved;
  clusters->score[0] += score[0] + ((clusters->score[1] + score[1]) >> kLogBits);
  clusters->score[1] = (clusters->score[1] + score[1]) & ((int64_t{1} << kLogBits) - 1);
}

}  // namespace motes
