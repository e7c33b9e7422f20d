#pragma once
#include <stdint.h>

namespace motes {

// What one worker adds to the clusters.
struct AssignmentState {
  int64_t* photons;  // (M, K)
  int64_t* members;  // (K)
  int64_t n_moved;
  int64_t score[2];
  float* scores;  // one block
};

}  // namespace motes
