// Sums of float64 along rows, each by one block in a fixed tree: the same bits in every run.
#pragma once
#include "cuda/phases.hpp"

namespace motes::cuda {

constexpr int kSummands = 256;  // threads of a block, a power of two

// One level of the tree in phase k = 1 ..., over what every thread left in `partial`; true for the thread that then
// holds the sum, in partial[0].
MOTES_HD inline bool climb_tree(int64_t k, int thread, double* partial) {
  const int half = kSummands >> k;
  if (thread < half) partial[thread] += partial[thread + half];
  return half == 1 && thread == 0;
}
constexpr int64_t kTreePhases = 8;
static_assert(1 << kTreePhases == kSummands);

// out[row] = sum_i body(row, i)
template <class Body>  // double operator()(int64_t row, int64_t i) const
struct RowSums {
  static constexpr int kThreads = kSummands;
  struct Thread {};

  Body body;
  int64_t n_rows, n;
  double* out;

  int64_t blocks() const { return n_rows; }
  int64_t shared_bytes() const { return kThreads * sizeof(double); }
  MOTES_HD double* shared(unsigned char* memory) const { return reinterpret_cast<double*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 1 + kTreePhases; }

  MOTES_HD void phase(int64_t k, const Spot& at, double* const& partial, Thread&) const {
    if (k > 0) {
      if (climb_tree(k, at.thread, partial)) out[at.block] = partial[0];
      return;
    }
    double sum = 0;
    for (int64_t i = at.thread; i < n; i += at.threads) sum += body(at.block, i);
    partial[at.thread] = sum;
  }
};

template <class Queue, class Body>
void sum_rows(Queue& queue, int64_t n_rows, int64_t n, double* out, const Body& body) {
  queue.launch(RowSums<Body>{body, n_rows, n, out});
}

}  // namespace motes::cuda
