#pragma once
#include <stdint.h>

namespace motes {

// The weights (M, K) and bases (K) as they were given: they decide where scores in float32 are too near to each other.
struct ExactClusters {
  const double* weights;
  const double* base;
  int64_t n_clusters;
  double largest_base;  // max |base|
};

// What one worker adds to the clusters.
struct AssignmentState {
  int64_t* photons;  // (M, K)
  int64_t* members;  // (K)
  int64_t n_moved;
  int64_t score[2];
  float* scores;  // one block
  double* exact;  // (K): of one pattern
};

}  // namespace motes
