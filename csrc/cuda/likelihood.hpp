// L[p, r] of every pattern and template: see motes/likelihood.hpp. The bits are those of the CPU, for any R.
//
// A block takes one panel of four templates and every n-th run of patterns. Staged, the panel sits in shared memory,
// and a photon costs 2 bytes of device memory (read once a panel) and one 16-byte read of shared memory at a random
// row; a panel that does not fit there is read through the caches.
#pragma once
#include <math.h>

#include "cuda/queue.hpp"
#include "cuda/score.hpp"

namespace motes::cuda {

// What becomes of a pattern's scores under four templates.
struct Written {
  template <class Real>
  MOTES_HD static void put(const Four<Real>& score, int64_t columns, Real* to) {
    store_four(score, columns, to);
  }
};
// A likelihood of zero where a score is below zero; the others stay as they are.
struct RuledOut {
  template <class Real>
  MOTES_HD static void put(const Four<Real>& score, int64_t columns, Real* to) {
    for (int r = 0; r < kWidth; ++r)
      if (r < columns && score.at[r] < 0) to[r] = -static_cast<Real>(HUGE_VAL);
  }
};

template <class Real, class Pixel, bool Staged, class Put = Written>
struct Likelihood {
  static constexpr int kThreads = 512;
  struct Thread {};

  PatternsOn<Pixel> patterns;
  Templates<Real> templates;
  Real* out;  // rows of `stride`, of which `n_columns` are written
  int64_t stride, n_columns;
  int64_t blocks_each;  // blocks that share a panel

  int64_t blocks() const { return templates.n_panels * blocks_each; }
  int64_t shared_bytes() const { return Staged ? templates.n_pixels * static_cast<int64_t>(sizeof(Four<Real>)) : 0; }
  MOTES_HD Four<Real>* shared(unsigned char* memory) const { return reinterpret_cast<Four<Real>*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return Staged ? 2 : 1; }

  MOTES_HD void phase(int64_t k, const Spot& at, Four<Real>* shared, Thread&) const {
    const int64_t panel = at.block / blocks_each, part = at.block % blocks_each;
    const Four<Real>* table = templates.table + panel * templates.n_pixels;
    if (Staged && k == 0) return stage(table, templates.n_pixels, shared, at);
    const Four<Real>* rows = Staged ? shared : table;
    const Four<Real> base = templates.base[panel];
    const int64_t columns = n_columns - panel * kWidth;
    for (int64_t p = part * at.threads + at.thread; p < patterns.n_patterns; p += blocks_each * at.threads) {
      const Four<Real> score = score_of(patterns, p, rows, base);
      Put::put(score, columns, out + p * stride + panel * kWidth);
    }
  }
};

// Rows of `stride` scores, all of them written: more than there are templates where rows are padded to whole panels.
template <class Put = Written, class Queue, class Real, class Pixel>
void score_rows(Queue& queue, const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, Real* out,
                int64_t stride) {
  const auto run = [&](auto kernel) {
    kernel.blocks_each = queue.panel_blocks(kernel, patterns.n_patterns, templates.n_panels);
    queue.launch(kernel);
  };
  const Likelihood<Real, Pixel, true, Put> staged{patterns, templates, out, stride, stride, 1};
  if (staged.shared_bytes() <= queue.shared_per_block()) return run(staged);
  run(Likelihood<Real, Pixel, false, Put>{patterns, templates, out, stride, stride, 1});
}

}  // namespace motes::cuda
