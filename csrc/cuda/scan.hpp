// Exclusive sums: each number becomes the sum of those before it.
#pragma once
#include "cuda/phases.hpp"

namespace motes::cuda {

// Of one number a thread or more, in two phases and without waiting in steps: sums inside a row of numbers, then of the
// rows. A place stays free after each row, so that the threads that walk along one each do so in different banks.
template <int kNumbers, int kRow, class Number = uint32_t>
struct BlockSums {
  static_assert(kNumbers % kRow == 0 && kNumbers / kRow <= kNumbers);
  static constexpr int kRows = kNumbers / kRow;
  Number padded[kNumbers + kRows], row[kRows];

  MOTES_HD Number& number(int k) { return padded[k + k / kRow]; }
  MOTES_HD Number number(int k) const { return padded[k + k / kRow]; }

  // First phase, after each thread wrote its number.
  MOTES_HD void sum_rows(int thread) {
    if (thread >= kRows) return;
    Number sum = 0;
    for (int k = thread * kRow; k < (thread + 1) * kRow; ++k) {
      const Number here = number(k);
      number(k) = sum;
      sum += here;
    }
    row[thread] = sum;
  }
  // From the second phase on: the sum of all numbers before this one, and the number itself.
  MOTES_HD Number before(int k) const {
    Number sum = number(k);
    for (int r = 0; r < k / kRow; ++r) sum += row[r];
    return sum;
  }
  MOTES_HD Number itself(int k) const { return (k % kRow == kRow - 1 ? row[k / kRow] : number(k + 1)) - number(k); }
};

// Of n numbers, in place, by one block: each thread takes a stretch of them. The total is written behind the last.
template <class Number>
struct Scan {
  static constexpr int kThreads = 1024;
  using Sums = BlockSums<kThreads, 32, Number>;
  struct Thread {};
  Number* numbers;  // n + 1
  int64_t n;

  int64_t blocks() const { return 1; }
  int64_t shared_bytes() const { return sizeof(Sums); }
  MOTES_HD Sums* shared(unsigned char* memory) const { return reinterpret_cast<Sums*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Sums* const& sums, Thread&) const {
    if (k == 1) return sums->sum_rows(at.thread);
    const int64_t each = (n + kThreads - 1) / kThreads, first = smaller(n, at.thread * each),
                  end = smaller(n, first + each);
    Number sum = k == 0 ? 0 : sums->before(at.thread);
    for (int64_t i = first; i < end; ++i) {
      const Number here = numbers[i];
      if (k == 2) numbers[i] = sum;
      sum += here;
    }
    if (k == 0) sums->number(at.thread) = sum;
    if (k == 2 && at.thread == kThreads - 1) numbers[n] = sum;
  }

 private:
  MOTES_HD static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
};

// Of n numbers, tile after tile by as many blocks: their sums, then, with these summed up, the numbers.
template <class Number>
struct ScanTiles {
  static constexpr int kThreads = 256, kEach = 16, kTile = kThreads * kEach;
  using Sums = BlockSums<kThreads, 16, int64_t>;
  struct Thread {};
  const Number* numbers;
  int64_t n;
  int64_t* tiles;  // of each, or, once scanned, of all before it
  int64_t* to;     // n + 1, may be `numbers`; null: only `tiles` are written

  static int64_t n_tiles(int64_t n) { return blocks_for(n, kTile); }
  int64_t blocks() const { return n_tiles(n); }
  int64_t shared_bytes() const { return sizeof(Sums); }
  MOTES_HD Sums* shared(unsigned char* memory) const { return reinterpret_cast<Sums*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Sums* const& sums, Thread&) const {
    if (k == 1) return sums->sum_rows(at.thread);
    if (k == 2 && !to && at.thread < kThreads - 1) return;
    const int64_t first = at.block * kTile + at.thread * kEach;
    int64_t sum = k == 0 ? 0 : sums->before(at.thread);
    if (k == 2 && to) sum += tiles[at.block];
    for (int64_t i = first; i < first + kEach && i < n; ++i) {
      const int64_t here = static_cast<int64_t>(numbers[i]);
      if (k == 2 && to) to[i] = sum;
      sum += here;
    }
    if (k == 0) sums->number(at.thread) = sum;
    if (k == 0 || at.thread < kThreads - 1) return;
    if (!to) tiles[at.block] = sum;
    else if (at.block == at.blocks - 1) to[n] = sum;
  }
};

// to[i]: the sum of the first i numbers, for 0 <= i <= n.
template <class Queue, class Number>
void sums_before(Queue& queue, const Number* numbers, int64_t n, int64_t* to) {
  const int64_t n_tiles = ScanTiles<Number>::n_tiles(n);
  auto* const tiles = queue.template array<int64_t>(n_tiles + 1);
  queue.launch(ScanTiles<Number>{numbers, n, tiles, nullptr});
  queue.launch(Scan<int64_t>{tiles, n_tiles});
  queue.launch(ScanTiles<Number>{numbers, n, tiles, to});
}

}  // namespace motes::cuda
