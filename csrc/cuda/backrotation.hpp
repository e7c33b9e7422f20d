// Back-rotation: see motes/backrotation.hpp. The bits are those of the CPU.
//
// The largest coefficient is looked for, and the host waits for it: it may be no number, and tells the quantum. Then a
// panel of planes at a time is accumulated from coefficients that a thread rounds where it reads them.
//
// What holds it: N R coefficients are read twice (8 bytes each in all), a photon costs 2 bytes for each panel of four
// templates and one shared-memory atomic for each coefficient that is not zero. A multiprocessor has 32 banks: at best
// 8 photons of four coefficients a clock, fewer where photons of one warp meet in a pixel.
#pragma once
#include <cmath>

#include "cuda/accumulate.hpp"
#include "cuda/checks.hpp"
#include "dispatch/quantum.hpp"
#include "kernels/quantum.h"

namespace motes::cuda {

// Of n numbers, by its bits; of blocks first.
template <class Real>
struct LargestMagnitude {
  using Bits = decltype(MOTES_ISA::magnitude_of(Real()));
  static constexpr int kThreads = 256;
  static constexpr int64_t kMostBlocks = 2048;
  struct Thread {};

  const Real* values;
  int64_t n;
  Bits* largest;  // zero at first

  int64_t blocks() const { return blocks_for(n, kThreads, kMostBlocks); }
  int64_t shared_bytes() const { return sizeof(Bits); }
  MOTES_HD Bits* shared(unsigned char* memory) const { return reinterpret_cast<Bits*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Bits* const& of_block, Thread&) const {
    if (k == 0 && at.thread == 0) *of_block = 0;
    if (k == 2 && at.thread == 0) take_larger(largest, *of_block);
    if (k != 1) return;
    Bits own = 0;
    for (int64_t i = at.global(); i < n; i += at.all()) {
      const Bits magnitude = MOTES_ISA::magnitude_of(values[i]);
      own = magnitude > own ? magnitude : own;
    }
    take_larger(of_block, own);
  }
};

template <class Real>
struct Coefficients {
  using Amount = typename Fixed<Real>::Amount;
  using Table = Four<Amount>;
  static constexpr int64_t kBytesAPixel = 0;

  const Real* rows;  // (N, R)
  int64_t n_templates;
  Real scale;

  MOTES_HD void stage(int64_t, Table*, const Spot&) const {}

  template <class Pixel>
  MOTES_HD Four<Amount> amounts(const PatternsOn<Pixel>&, int64_t p, int64_t panel, const Table*, Tally&) const {
    const Four<Real> row = load_four(rows + p * n_templates + panel * kWidth, n_templates - panel * kWidth);
    Four<Amount> amount;
    for (int r = 0; r < kWidth; ++r) amount.at[r] = MOTES_ISA::multiple_of(row.at[r], scale);
    return amount;
  }
};

struct ToNumbers {
  const int64_t* sums;
  int shift;
  double* numbers;
  MOTES_HD void operator()(int64_t i) const { numbers[i] = ldexp(static_cast<double>(sums[i]), shift); }
};

// `coefficients` and `planes` on the device; refuses what the CPU refuses about coefficients.
template <class Queue, class Real, class Pixel>
motes_status backrotation(Queue& queue, const PatternsOn<Pixel>& patterns, const Real* coefficients,
                          int64_t n_templates, double* planes, motes_error* error) {
  using Bits = typename LargestMagnitude<Real>::Bits;
  const int64_t n_coefficients = patterns.n_patterns * n_templates, size = patterns.n_pixels * n_templates;
  auto* const largest = queue.template array<Bits>(1);
  queue.zero(largest, 1);
  if (n_coefficients > 0) queue.launch(LargestMagnitude<Real>{coefficients, n_coefficients, largest});
  const Real top = MOTES_ISA::number_of(queue.read(largest));
  if (!std::isfinite(top))
    return check_numbers(queue, "coefficients", coefficients, sizeof(Real), n_coefficients, error);
  Quantum<Real> quantum;
  if (const auto bad = quantum_of(top, &quantum, error)) return bad;
  auto* const sums = queue.template array<int64_t>(size + n_templates);
  queue.zero(sums, size + n_templates);
  if (patterns.n_patterns > 0) {
    const auto source = [&]<bool>() { return Coefficients<Real>{coefficients, n_templates, quantum.scale}; };
    accumulate(queue, patterns, source, {sums, sums + size, nullptr, nullptr}, n_templates);
  }
  for_each(queue, size, ToNumbers{sums, quantum.shift(), planes});
  return MOTES_OK;
}

}  // namespace motes::cuda
