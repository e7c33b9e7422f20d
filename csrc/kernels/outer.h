#pragma once
#include <stdint.h>

namespace motes {

// What one worker adds to the sums of outer products; all entries are whole multiples of `quantum`^2 below 2^53 of them,
// so float64 adds them exactly, in any order.
struct OuterState {
  double* pairs;     // (S, S): sum over pairs of different photons, each pair once, in either triangle
  double* same;      // (orbits, R, R): each photon with itself
  double* blocks;    // (M + 1, R): one pattern's rotated coefficients, photon by photon
  int32_t* orbits;   // (M + 1)
  double* turned;    // (R, R): one pattern's coefficients for each phase
};

}  // namespace motes
