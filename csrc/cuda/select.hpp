// The indices below n that are wanted, in ascending order: counted a tile at a time, then written where the sums say.
#pragma once
#include "cuda/queue.hpp"
#include "cuda/scan.hpp"

namespace motes::cuda {

struct Tiles {
  static constexpr int kThreads = 256, kEach = 16;
  static constexpr int64_t kSize = kThreads * kEach;
  static constexpr int64_t count(int64_t n) { return (n + kSize - 1) / kSize; }
};

template <class Wanted>  // bool operator()(int64_t i) const
struct Select {
  static constexpr int kThreads = Tiles::kThreads;
  using Sums = BlockSums<kThreads, 16>;
  struct Thread {};
  Wanted wanted;
  int64_t n;
  uint32_t* counts;  // of each tile, or, once scanned, of all tiles before it
  uint32_t* to;      // null: only the counts are written

  int64_t blocks() const { return Tiles::count(n); }
  int64_t shared_bytes() const { return sizeof(Sums); }
  MOTES_HD Sums* shared(unsigned char* memory) const { return reinterpret_cast<Sums*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Sums* const& sums, Thread&) const {
    if (k == 1) return sums->sum_rows(at.thread);
    const int64_t first = (at.block * kThreads + at.thread) * Tiles::kEach;
    uint32_t before = k == 0 ? 0 : sums->before(at.thread);
    if (k == 2 && !to && at.thread < kThreads - 1) return;
    if (k == 2 && to) before += counts[at.block];
    for (int64_t i = first; i < first + Tiles::kEach && i < n; ++i) {
      if (!wanted(i)) continue;
      if (k == 2 && to) to[before] = static_cast<uint32_t>(i);
      ++before;
    }
    if (k == 0) sums->number(at.thread) = before;
    if (k == 2 && !to) counts[at.block] = before;
  }
};

struct Selected {
  uint32_t* index;
  int64_t n;
};

// Waits: how many there are decides how much memory they take. n is 2^32 at most.
template <class Queue, class Wanted>
Selected select(Queue& queue, int64_t n, const Wanted& wanted) {
  if (n == 0) return {nullptr, 0};
  const int64_t tiles = Tiles::count(n);
  auto* const counts = queue.template array<uint32_t>(tiles + 1);
  queue.launch(Select<Wanted>{wanted, n, counts, nullptr});
  queue.launch(Scan<uint32_t>{counts, tiles});
  const auto found = static_cast<int64_t>(queue.read(counts + tiles));
  auto* const index = queue.template array<uint32_t>(found);
  queue.launch(Select<Wanted>{wanted, n, counts, index});
  return {index, found};
}

}  // namespace motes::cuda
