// A stable sort of indices, digit after digit of what they stand for, from the last digit on.
//
// Each thread takes a stretch of a tile and counts its digits in a column of its own, so that places come from sums alone:
// of the columns before it, of the tiles before its own, of the smaller digits. No place depends on who came first.
#pragma once
#include "cuda/select.hpp"

namespace motes::cuda {

constexpr int kDigitBits = 4, kDigits = 1 << kDigitBits;

struct DigitCounts {
  static constexpr int kThreads = Tiles::kThreads, kParts = kThreads / kDigits, kPart = kThreads / kParts;
  uint32_t count[kDigits][kThreads];  // of each thread, then of those before it in its part
  uint32_t part[kDigits][kParts];

  template <class Digit>
  MOTES_HD void count_own(int thread, const Digit& digit, const uint32_t* index, int64_t first, int64_t end) {
    for (int d = 0; d < kDigits; ++d) count[d][thread] = 0;
    for (int64_t i = first; i < end; ++i) ++count[digit(index[i])][thread];
  }
  MOTES_HD void sum_parts(int thread) {
    const int d = thread / kParts, p = thread % kParts;
    uint32_t sum = 0;
    for (int t = p * kPart; t < (p + 1) * kPart; ++t) {
      const uint32_t here = count[d][t];
      count[d][t] = sum;
      sum += here;
    }
    part[d][p] = sum;
  }
};

template <class Digit>  // uint32_t operator()(uint32_t index) const, below kDigits
struct SortByDigit {
  static constexpr int kThreads = DigitCounts::kThreads;
  struct Thread {};
  Digit digit;
  const uint32_t* index;
  int64_t n;
  uint32_t* counts;  // digit after digit, of each tile, or, once scanned, of all that go before
  uint32_t* to;      // null: only the counts are written

  int64_t blocks() const { return Tiles::count(n); }
  int64_t shared_bytes() const { return sizeof(DigitCounts); }
  MOTES_HD DigitCounts* shared(unsigned char* memory) const { return reinterpret_cast<DigitCounts*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return to ? 4 : 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, DigitCounts* const& own, Thread&) const {
    const int64_t first = (at.block * kThreads + at.thread) * Tiles::kEach;
    const int64_t end = first + Tiles::kEach < n ? first + Tiles::kEach : n;
    if (k == 0) return own->count_own(at.thread, digit, index, first, end);
    if (k == 1) return own->sum_parts(at.thread);
    if (k == 2) {
      if (at.thread >= kDigits) return;
      uint32_t& total = counts[at.thread * at.blocks + at.block];
      uint32_t sum = to ? total : 0;
      for (uint32_t& part : own->part[at.thread]) {
        const uint32_t here = part;
        part = sum;
        sum += here;
      }
      if (!to) total = sum;
      return;
    }
    for (int64_t i = first; i < end; ++i) {
      const uint32_t d = digit(index[i]);
      to[own->part[d][at.thread / DigitCounts::kPart] + own->count[d][at.thread]++] = index[i];
    }
  }
};

// Of n indices, with memory for as many: each call of by_digit sorts, stably, and `index` is where the result is.
template <class Queue>
class Sorting {
 public:
  Sorting(Queue& queue, const Selected& found)
      : index(found.index), n_(found.n), queue_(queue), spare_(queue.template array<uint32_t>(found.n)),
        counts_(queue.template array<uint32_t>(n_counts() + 1)) {}

  template <class Digit>
  void by_digit(const Digit& digit) {
    queue_.launch(SortByDigit<Digit>{digit, index, n_, counts_, nullptr});
    queue_.launch(Scan<uint32_t>{counts_, n_counts()});
    queue_.launch(SortByDigit<Digit>{digit, index, n_, counts_, spare_});
    uint32_t* const sorted = spare_;
    spare_ = index;
    index = sorted;
  }

  uint32_t* index;

 private:
  int64_t n_counts() const { return kDigits * Tiles::count(n_); }

  int64_t n_;
  Queue& queue_;
  uint32_t *spare_, *counts_;
};

}  // namespace motes::cuda
