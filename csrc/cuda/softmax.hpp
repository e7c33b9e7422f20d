// Softmax of a pattern's scores against four templates, by one thread: the formulas, and in float32 the bits, of
// kernels/softmax.h.
#pragma once
#include <math.h>

#include "cuda/score.hpp"
#include "kernels/elementary.h"

namespace motes::cuda {

MOTES_HD inline float exp_of(float x) { return MOTES_ISA::exp_nonpositive<MOTES_ISA::OneFloat>(x); }
MOTES_HD inline float log_of(float x) { return MOTES_ISA::log_from_one<MOTES_ISA::OneFloat>(x); }
MOTES_HD inline double exp_of(double x) { return exp(x); }
MOTES_HD inline double log_of(double x) { return log(x); }

template <class Real>
MOTES_HD inline Real minus_infinity() {
  return -static_cast<Real>(HUGE_VAL);
}

// ln of the sum of exponentials, of which the largest score was taken out.
template <class Real>
MOTES_HD inline double evidence_of(Real largest, Real sum) {
  if (largest == minus_infinity<Real>()) return -HUGE_VAL;
  return static_cast<double>(largest) + static_cast<double>(log_of(sum));
}

// In place; what comes back is the log evidence, -inf for a pattern that no template can have made.
template <class Real>
MOTES_HD inline double softmax(Four<Real>& score) {
  Real largest = score.at[0];
  for (int r = 1; r < kWidth; ++r) largest = score.at[r] > largest ? score.at[r] : largest;
  const bool impossible = largest == minus_infinity<Real>();
  Four<Real> e = {};
  if (!impossible)
    for (int r = 0; r < kWidth; ++r) e.at[r] = exp_of(score.at[r] - largest);
  Real sum = 1;
  // As the vectors of the CPU add; in float64 it takes them one after the other.
  if (!impossible && sizeof(Real) == 4)
    sum = (e.at[0] + e.at[1]) + (e.at[2] + e.at[3]);
  else if (!impossible)
    sum = ((e.at[0] + e.at[1]) + e.at[2]) + e.at[3];
  for (int r = 0; r < kWidth; ++r) score.at[r] = e.at[r] / sum;
  return evidence_of(largest, sum);
}

// The first of equals among the templates that there are.
template <class Real>
MOTES_HD inline int first_largest(const Four<Real>& score, int64_t n_templates) {
  int best = 0;
  Real largest = score.at[0];
  for (int r = 1; r < kWidth; ++r) {
    const bool larger = r < n_templates && score.at[r] > largest;
    best = larger ? r : best;
    largest = larger ? score.at[r] : largest;
  }
  return best;
}

// Number `r`, where a register can not be indexed.
template <class Real>
MOTES_HD inline Real number_of(const Four<Real>& score, int r) {
  Real number = score.at[0];
  for (int k = 1; k < kWidth; ++k) number = k == r ? score.at[k] : number;
  return number;
}

// The whole of the pattern to its best template, the first of equals.
template <class Real>
MOTES_HD inline double winner_takes_all(Four<Real>& score, int64_t n_templates) {
  const int best = first_largest(score, n_templates);
  const Real largest = number_of(score, best);
  const bool impossible = largest == minus_infinity<Real>();
  for (int r = 0; r < kWidth; ++r) score.at[r] = r == best && !impossible ? Real(1) : Real(0);
  return static_cast<double>(largest);
}

}  // namespace motes::cuda
