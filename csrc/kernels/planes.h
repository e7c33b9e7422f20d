// Exact sums over patterns, in integers: responsibilities in units of a quantum, scattered into template planes.
//
// float32 runs scatter 4-byte amounts (quantum 2^-20) and flush them into 8-byte planes before any pixel can overflow;
// float64 runs scatter 8-byte amounts (quantum 2^-30). Integer sums know no order: any lanes, threads or workers give
// the same bits.
#pragma once
#include <stdint.h>

namespace motes {

template <class Real>
struct Fixed;
template <>
struct Fixed<float> {
  typedef int32_t Amount;
  static constexpr int kBits = 20;
  static constexpr int kPatternsToFlush = 2047;  // 2047 * 2^20 < 2^31: one photon a pixel and pattern
};
template <>
struct Fixed<double> {
  typedef int64_t Amount;
  static constexpr int kBits = 30;
};

// Whole nats, and a fraction in units of 2^-30 nat.
constexpr int kLogBits = 30;

template <class Amount>
struct Planes {
  Amount* narrow;  // [n_panels][n_pixels][width], the rows of the last panel `last` wide
  Amount* second;  // another copy of `narrow`, for every other pattern; or null
  int64_t* wide;   // the same extents; where Amount is int64_t, the same memory as `narrow`
  int64_t n_panels, n_pixels;
  int width, last;
  int pending;  // patterns in `narrow` and `second` that are not yet in `wide`
};

template <class Real>
struct SweepState {
  Planes<typename Fixed<Real>::Amount> planes;
  int64_t* weights;  // n_panels * width
  int64_t log_likelihood[2];
  int64_t n_impossible;
  Real* scores;  // one block
};

}  // namespace motes
