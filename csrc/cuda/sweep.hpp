// E and M step in one pass: see motes/sweep.hpp.
//
// At most four templates: a thread scores a pattern, takes the softmax, rounds the responsibilities to the quantum and
// adds them to the planes of its block; the photons are read twice, the second time from a cache, and nothing else is
// written. In float32 all sums are those of the CPU to the last bit.
//
// More templates, for as many patterns as memory holds scores of: likelihood.hpp, softmax_rows.hpp, then one panel of
// planes at a time.
#pragma once
#include "cuda/accumulate.hpp"
#include "cuda/softmax.hpp"
#include "cuda/softmax_rows.hpp"

namespace motes::cuda {

// The responsibilities of one panel that holds all templates.
template <class Real, bool Staged>
struct Responsibilities {
  using Amount = typename Fixed<Real>::Amount;
  using Table = Four<Real>;
  static constexpr int64_t kBytesAPixel = Staged ? sizeof(Table) : 0;

  Templates<Real> templates;
  bool hard;

  MOTES_HD void stage(int64_t, Table* table, const Spot& at) const {
    if (Staged) cuda::stage(templates.table, templates.n_pixels, table, at);
  }

  template <class Pixel>
  MOTES_HD Four<Amount> amounts(const PatternsOn<Pixel>& patterns, int64_t p, int64_t, const Table* table,
                                Tally& tally) const {
    Four<Real> score = score_of(patterns, p, Staged ? table : templates.table, *templates.base);
    tally.count(hard ? winner_takes_all(score, templates.n_templates) : softmax(score));
    Four<Amount> amount;
    for (int r = 0; r < kWidth; ++r) amount.at[r] = MOTES_ISA::amount_of(score.at[r]);
    return amount;
  }
};

// Amounts that stand in rows, of as many panels as there are.
template <class Number>
struct Rows {
  using Amount = Number;
  using Table = Four<Number>;
  static constexpr int64_t kBytesAPixel = 0;

  const Four<Amount>* rows;  // (N, n_panels)
  int64_t n_panels;

  MOTES_HD void stage(int64_t, Table*, const Spot&) const {}

  template <class Pixel>
  MOTES_HD Four<Amount> amounts(const PatternsOn<Pixel>&, int64_t p, int64_t panel, const Table*, Tally&) const {
    return rows[p * n_panels + panel];
  }
};

template <class Real, class Pixel, bool Staged>
using SweepOfFour = Accumulate<Responsibilities<Real, Staged>, Pixel, Staged>;

template <class Real, class Pixel, bool Staged>
using SweepOfRows = Accumulate<Rows<typename Fixed<Real>::Amount>, Pixel, Staged>;

}  // namespace motes::cuda
