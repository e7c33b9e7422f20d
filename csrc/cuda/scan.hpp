// Exclusive sums: each number becomes the sum of those before it.
#pragma once
#include "cuda/phases.hpp"

namespace motes::cuda {

// Of one number a thread, in two phases and without waiting in steps: sums inside a row of numbers, then of the rows.
template <int kNumbers, int kRow>
struct BlockSums {
  static_assert(kNumbers % kRow == 0 && kNumbers / kRow <= kNumbers);
  static constexpr int kRows = kNumbers / kRow;
  uint32_t number[kNumbers], row[kRows];

  // First phase, after each thread wrote its number.
  MOTES_HD void sum_rows(int thread) {
    if (thread >= kRows) return;
    uint32_t sum = 0;
    for (int k = thread * kRow; k < (thread + 1) * kRow; ++k) {
      const uint32_t here = number[k];
      number[k] = sum;
      sum += here;
    }
    row[thread] = sum;
  }
  // From the second phase on: the sum of the numbers of all threads before this one.
  MOTES_HD uint32_t before(int thread) const {
    uint32_t sum = number[thread];
    for (int k = 0; k < thread / kRow; ++k) sum += row[k];
    return sum;
  }
};

// Of n numbers, in place, by one block: each thread takes a stretch of them. The total is written behind the last.
struct Scan {
  static constexpr int kThreads = 1024;
  using Sums = BlockSums<kThreads, 32>;
  struct Thread {};
  uint32_t* numbers;  // n + 1
  int64_t n;

  int64_t blocks() const { return 1; }
  int64_t shared_bytes() const { return sizeof(Sums); }
  MOTES_HD Sums* shared(unsigned char* memory) const { return reinterpret_cast<Sums*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Sums* const& sums, Thread&) const {
    if (k == 1) return sums->sum_rows(at.thread);
    const int64_t each = (n + kThreads - 1) / kThreads, first = smaller(n, at.thread * each),
                  end = smaller(n, first + each);
    uint32_t sum = k == 0 ? 0 : sums->before(at.thread);
    for (int64_t i = first; i < end; ++i) {
      const uint32_t here = numbers[i];
      if (k == 2) numbers[i] = sum;
      sum += here;
    }
    if (k == 0) sums->number[at.thread] = sum;
    if (k == 2 && at.thread == kThreads - 1) numbers[n] = sum;
  }

 private:
  MOTES_HD static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
};

}  // namespace motes::cuda
