// Softmax of rows of any length, 16 threads to a row, in place; see kernels/softmax.h for the formulas. In float32 the
// bits are those of the CPU with AVX-512, whose registers hold as many numbers.
//
// What is left in a row: responsibilities, or, as the sums of a sweep need them, their multiples of the quantum.
#pragma once
#include <string.h>

#include "cuda/softmax.hpp"
#include "cuda/sums.hpp"

namespace motes::cuda {

enum class Row { kResponsibilities, kAmounts, kWinner };  // kWinner: the whole quantum to the best template

template <class Real>
struct SoftmaxRows {
  using Amount = typename Fixed<Real>::Amount;
  static constexpr int kThreads = 256, kLanes = 16;
  static constexpr int64_t kRowsABlock = kThreads / kLanes;

  struct Thread {
    Real largest, sum;
    int64_t best;
  };
  struct Shared {
    Real peak[kThreads], sum[kThreads];
    int64_t best[kThreads];
    Tally tally;
  };

  Real* rows;  // (n_rows, stride), -inf where they are padded
  int64_t n_rows, stride, n_templates;
  Row leave;
  Sums sums;       // log_likelihood and n_impossible alone; null pointers where they are not wanted
  int32_t* label;  // (n_rows) or null
  Real* evidence;  // (n_rows) or null

  int64_t blocks() const { return blocks_for(n_rows, kRowsABlock); }
  int64_t shared_bytes() const { return sizeof(Shared); }
  MOTES_HD Shared& shared(unsigned char* memory) const { return *reinterpret_cast<Shared*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 4; }

  MOTES_HD void phase(int64_t k, const Spot& at, Shared& shared, Thread& thread) const {
    const int64_t p = at.block * kRowsABlock + at.thread / kLanes;
    const int lane = at.thread % kLanes, group = at.thread - lane;
    if (k == 3) {
      if (at.thread < Tally::kNumbers && sums.n_impossible)
        deliver(sums, 0, 0, at.thread, shared.tally.numbers()[at.thread]);
      return;
    }
    if (k == 0 && at.thread == 0) shared.tally = {};
    if (p >= n_rows) return;
    Real* row = rows + p * stride;
    if (k == 0)
      find_peak(row, lane, shared.peak[at.thread], shared.best[at.thread]);
    else if (k == 1)
      exponentials(row, lane, shared.peak + group, shared.best + group, thread, shared.sum[at.thread]);
    else
      finish(row, p, lane, shared.sum + group, thread, shared.tally);
  }

 private:
  // The largest of this thread's scores, and the first place where it stands.
  MOTES_HD void find_peak(const Real* row, int lane, Real& peak, int64_t& best) const {
    peak = minus_infinity<Real>();
    best = lane;
    for (int64_t r = lane; r < n_templates; r += kLanes)
      if (row[r] > peak) {
        peak = row[r];
        best = r;
      }
  }

  MOTES_HD void exponentials(Real* row, int lane, const Real* peak, const int64_t* best, Thread& thread,
                             Real& sum) const {
    thread.largest = peak[0];
    thread.best = best[0];
    for (int l = 1; l < kLanes; ++l)
      if (peak[l] > thread.largest || (peak[l] == thread.largest && best[l] < thread.best)) {
        thread.largest = peak[l];
        thread.best = best[l];
      }
    sum = 0;
    if (leave == Row::kWinner) return;
    const bool impossible = thread.largest == minus_infinity<Real>();
    for (int64_t r = lane; r < stride; r += kLanes) {
      row[r] = impossible ? Real(0) : exp_of(row[r] - thread.largest);
      sum += row[r];
    }
  }

  MOTES_HD void finish(Real* row, int64_t p, int lane, const Real* sums_of_lanes, Thread& thread, Tally& tally) const {
    const bool impossible = thread.largest == minus_infinity<Real>();
    thread.sum = impossible || leave == Row::kWinner ? Real(1) : sum_of(sums_of_lanes);
    for (int64_t r = lane; r < stride; r += kLanes) {
      const Real won = r == thread.best && !impossible ? Real(1) : Real(0);
      const Real gamma = leave == Row::kWinner ? won : row[r] / thread.sum;
      row[r] = leave == Row::kResponsibilities ? gamma : bits_in_place(MOTES_ISA::amount_of(gamma));
    }
    if (lane > 0) return;
    const double log_evidence =
        leave == Row::kWinner ? static_cast<double>(thread.largest) : evidence_of(thread.largest, thread.sum);
    Tally own = {};
    own.count(log_evidence);
    MOTES_UNROLL
    for (int i = kWidth; i < Tally::kNumbers; ++i)
      if (own.numbers()[i] != 0) add_fixed(tally.numbers() + i, own.numbers()[i]);
    if (label) label[p] = static_cast<int32_t>(thread.best);
    if (evidence) evidence[p] = static_cast<Real>(log_evidence);
  }

  MOTES_HD static Real bits_in_place(Amount amount) {
    Real stored;
    memcpy(&stored, &amount, sizeof stored);
    return stored;
  }

  // Neighbours first, as vectors are added across.
  MOTES_HD static Real sum_of(const Real* s) {
    Real half[2];
    for (int h = 0; h < 2; ++h, s += 8) half[h] = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
    return half[0] + half[1];
  }
};

}  // namespace motes::cuda
