// Sums over patterns: those of a whole call in device memory, and what one thread or one block has seen of them.
#pragma once
#include <math.h>

#include "cuda/atomics.hpp"
#include "cuda/score.hpp"
#include "kernels/fixed.h"

namespace motes::cuda {

// Device memory, all zero at first: as motes_sums, `log_likelihood` without a carry.
struct Sums {
  int64_t* planes;          // (M, R)
  int64_t* weights;         // (R)
  int64_t* log_likelihood;  // 2
  int64_t* n_impossible;
};

// All sums in one piece of device memory: planes, weights, nats, impossible patterns.
struct SumsBlock {
  int64_t n_pixels, n_templates;

  int64_t size() const { return n_templates * (n_pixels + 1) + 3; }
  Sums at(int64_t* memory) const {
    int64_t* weights = memory + n_templates * n_pixels;
    return {memory, weights, weights + n_templates, weights + n_templates + 2};
  }
};

// Of one panel.
struct Tally {
  int64_t weights[kWidth];
  int64_t log_likelihood[2];
  int64_t n_impossible;

  static constexpr int kNumbers = kWidth + 3;
  MOTES_HD int64_t* numbers() { return reinterpret_cast<int64_t*>(this); }
  MOTES_HD void count(double log_evidence) {
    if (log_evidence == -HUGE_VAL)
      ++n_impossible;
    else
      MOTES_ISA::add_fixed(log_evidence, log_likelihood);
  }
};

// Number i of a block's tally, to where it belongs.
MOTES_HD inline void deliver(const Sums& sums, int64_t panel, int64_t n_templates, int i, int64_t number) {
  if (number == 0) return;
  const int64_t r = panel * kWidth + i;
  if (i < kWidth && r < n_templates) add_fixed(sums.weights + r, number);
  if (i >= kWidth && i < kWidth + 2) add_fixed(sums.log_likelihood + (i - kWidth), number);
  if (i == kWidth + 2) add_fixed(sums.n_impossible, number);
}

// All of them; -inf where a pattern can not be.
MOTES_HD inline double nats_of(const Sums& sums) {
  if (*sums.n_impossible > 0) return -HUGE_VAL;
  const int64_t whole = sums.log_likelihood[0] + (sums.log_likelihood[1] >> kLogBits);
  const int64_t fraction = sums.log_likelihood[1] & ((int64_t{1} << kLogBits) - 1);
  return static_cast<double>(whole) + static_cast<double>(fraction) / static_cast<double>(int64_t{1} << kLogBits);
}

static_assert(sizeof(Tally) == Tally::kNumbers * sizeof(int64_t));

}  // namespace motes::cuda
