// What patterns are summed up to, also where they are a range of others: their arrays of pixels of several photons may
// then hold some that are not theirs.
//
// bytes    12 for each pixel of several photons
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/patterns.hpp"
#include "cuda/queue.hpp"

namespace motes::cuda {

struct Totals {
  int64_t n_lit;       // pixels lit
  int64_t n_extra;     // photons beyond the first of theirs,
  int64_t most_extra;  // and the most of one
};

template <class Pixel>
struct AddTotals {
  PatternsOn<Pixel> patterns;
  Totals* totals;
  // Item 0: the ends; after it the pixels of several photons.
  MOTES_HD void operator()(int64_t i) const {
    const int64_t first = patterns.indptr[0], last = patterns.indptr[patterns.n_patterns], m = i - 1;
    if (i == 0) totals->n_lit = last - first;
    if (i == 0 || patterns.multi_position[m] < first || patterns.multi_position[m] >= last) return;
    add_fixed(&totals->n_extra, int64_t{patterns.multi_extra[m]});
    take_larger(&totals->most_extra, int64_t{patterns.multi_extra[m]});
  }
};

// Waits.
template <class Queue, class Pixel>
Totals totals_of(Queue& queue, const PatternsOn<Pixel>& patterns) {
  auto* const totals = queue.template array<Totals>(1);
  queue.zero(totals, 1);
  for_each(queue, patterns.n_multi + 1, AddTotals<Pixel>{patterns, totals});
  return queue.read(totals);
}

}  // namespace motes::cuda
