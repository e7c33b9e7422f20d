// Yardsticks: kernels that do nothing but what the others wait for, so that a run of benchmarks can say how close to the
// machine they come. No formula of the library needs them.
//
// Rows are drawn as (top 32 bits of state * n_rows) from state -> 1664525 state + 1013904223 (mod 2^32), which starts at
// a scrambled number of the thread: a warp's rows are as good as independent, and cost two multiplications.
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/score.hpp"

namespace motes::cuda {

class RandomRows {
 public:
  MOTES_HD RandomRows(int64_t thread, int64_t n_rows)
      : state_(scrambled(static_cast<uint32_t>(thread))), n_rows_(static_cast<uint32_t>(n_rows)) {}

  MOTES_HD uint32_t next() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<uint32_t>((static_cast<uint64_t>(state_) * n_rows_) >> 32);
  }

 private:
  MOTES_HD static uint32_t scrambled(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
  }

  uint32_t state_, n_rows_;
};

constexpr int64_t kMostProbes = int64_t{1} << 20;  // of a thread: float32 sums of numbers below 16 stay exact

// One read of 16 bytes of shared memory at a random row and four additions a probe: what the likelihood does for a photon
// once it knows the pixel. The row r of the table is (r mod 16, 0, 1, 2); sums (4) += those of all reads.
struct Reads {
  static constexpr int kThreads = 512;
  struct Thread {};
  struct Shared {
    int64_t* sums;
    Four<float>* table;
  };

  int64_t n_rows, n_each, n_blocks;
  int64_t* sums;

  int64_t blocks() const { return n_blocks; }
  int64_t shared_bytes() const { return kWidth * static_cast<int64_t>(sizeof(int64_t)) + n_rows * static_cast<int64_t>(sizeof(Four<float>)); }
  MOTES_HD Shared shared(unsigned char* memory) const {
    return {reinterpret_cast<int64_t*>(memory), reinterpret_cast<Four<float>*>(memory + kWidth * sizeof(int64_t))};
  }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, const Shared& shared, Thread&) const {
    if (k == 0) {
      for (int64_t i = at.thread; i < n_rows; i += at.threads) shared.table[i] = {static_cast<float>(i % 16), 0, 1, 2};
      if (at.thread < kWidth) shared.sums[at.thread] = 0;
    } else if (k == 1) {
      RandomRows rows(at.global(), n_rows);
      Four<float> sum = {};
      for (int64_t i = 0; i < n_each; ++i) sum += shared.table[rows.next()];
      for (int r = 0; r < kWidth; ++r) add_fixed(shared.sums + r, static_cast<int64_t>(sum.at[r]));
    } else if (at.thread < kWidth) {
      add_fixed(sums + at.thread, shared.sums[at.thread]);
    }
  }
};

// Four additions of 1 to 32-bit integers of shared memory at a random row a probe: what the sweep does for a photon with
// its responsibilities. The counters of a row stand side by side, as they do there, or in four planes, where the threads
// of a warp meet in fewer banks. counts, laid out likewise (n_rows, 4) or (4, n_rows), += those of all blocks.
template <bool Planar>
struct Additions {
  static constexpr int kThreads = 512;
  struct Thread {};

  int64_t n_rows, n_each, n_blocks;
  int64_t* counts;

  int64_t blocks() const { return n_blocks; }
  int64_t shared_bytes() const { return kWidth * n_rows * static_cast<int64_t>(sizeof(int32_t)); }
  MOTES_HD int32_t* shared(unsigned char* memory) const { return reinterpret_cast<int32_t*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, int32_t* shared, Thread&) const {
    if (k == 1) {
      RandomRows rows(at.global(), n_rows);
      for (int64_t i = 0; i < n_each; ++i) {
        const int64_t row = rows.next();
        for (int r = 0; r < kWidth; ++r) add_fixed(shared + (Planar ? r * n_rows + row : row * kWidth + r), 1);
      }
      return;
    }
    for (int64_t i = at.thread; i < kWidth * n_rows; i += at.threads) {
      if (k == 0) shared[i] = 0;
      else add_fixed(counts + i, int64_t{shared[i]});
    }
  }
};

}  // namespace motes::cuda
