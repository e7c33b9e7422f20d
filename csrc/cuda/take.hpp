// Patterns by index, in another order or again and again: motes_take, where they are.
//
// bytes    a photon is read and written once (2 + 2, or 4 + 4 beyond 65,536 pixels), 8 threads to a pattern; a pattern costs
//          8 of `which`, 16 of its ends and some 60 for lengths and their sums. Of W7, 27 photons a pattern: 100,000
//          patterns move 19 MB, 6 us at 3.0 TB/s, so that its six launches bound it
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/patterns.hpp"
#include "cuda/queue.hpp"
#include "cuda/scan.hpp"

namespace motes::cuda {

// Pixels of several photons in pattern p: where they begin in multi_position, and how many.
struct MultiOf {
  int64_t first, n;

  template <class Pixel>
  MOTES_HD static MultiOf of(const PatternsOn<Pixel>& patterns, int64_t p) {
    const int64_t first = before(patterns, patterns.indptr[p]);
    return {first, before(patterns, patterns.indptr[p + 1]) - first};
  }

 private:
  // How many of them stand before a position.
  template <class Pixel>
  MOTES_HD static int64_t before(const PatternsOn<Pixel>& patterns, int64_t position) {
    int64_t low = 0, high = patterns.n_multi;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (patterns.multi_position[middle] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
};

// Photons of each pattern that is taken, and where those of all before it end; likewise of pixels of several photons.
template <class Pixel>
struct Taking {
  PatternsOn<Pixel> patterns;
  const int64_t* which;  // (n): 0 .. N - 1
  int64_t n;
  int64_t *lit, *multi;  // (n + 1)

  int64_t n_lit = 0, n_multi = 0;
};

template <class Pixel>
struct Lengths {
  Taking<Pixel> taking;
  MOTES_HD void operator()(int64_t k) const {
    const int64_t p = taking.which[k];
    taking.lit[k] = taking.patterns.indptr[p + 1] - taking.patterns.indptr[p];
    taking.multi[k] = MultiOf::of(taking.patterns, p).n;
  }
};

// `indptr` (n + 1) is what will be that of the patterns. Waits for how many photons there are.
template <class Queue, class Pixel>
Taking<Pixel> lengths_of(Queue& queue, const PatternsOn<Pixel>& patterns, const int64_t* which, int64_t n,
                         int64_t* indptr) {
  Taking<Pixel> taking{patterns, which, n, indptr, queue.template array<int64_t>(n + 1)};
  queue.zero(taking.lit, n + 1);
  queue.zero(taking.multi, n + 1);
  for_each(queue, n, Lengths<Pixel>{taking});
  sums_before(queue, taking.lit, n, taking.lit);
  sums_before(queue, taking.multi, n, taking.multi);
  taking.n_lit = queue.read(taking.lit + n);
  taking.n_multi = queue.read(taking.multi + n);
  return taking;
}

// Eight threads to a pattern; the first of them sees to its pixels of several photons.
template <class Pixel>
struct CopyPhotons {
  static constexpr int64_t kLanes = 8;
  Taking<Pixel> taking;
  Pixel* pixels;
  int64_t* position;
  int32_t* extra;
  int64_t* n_extra;  // zeroed

  MOTES_HD void operator()(int64_t i) const {
    const int64_t k = i / kLanes, lane = i % kLanes, p = taking.which[k];
    const int64_t from = taking.patterns.indptr[p], to = taking.lit[k], n = taking.lit[k + 1] - to;
    for (int64_t j = lane; j < n; j += kLanes) pixels[to + j] = taking.patterns.pixels[from + j];
    if (lane > 0 || taking.multi[k + 1] == taking.multi[k]) return;
    const MultiOf multi = MultiOf::of(taking.patterns, p);
    int64_t sum = 0;
    for (int64_t m = 0; m < multi.n; ++m) {
      position[taking.multi[k] + m] = taking.patterns.multi_position[multi.first + m] - from + to;
      extra[taking.multi[k] + m] = taking.patterns.multi_extra[multi.first + m];
      sum += taking.patterns.multi_extra[multi.first + m];
    }
    add_fixed(n_extra, sum);
  }
};

// Into memory for n_lit pixels and n_multi of several photons; how many photons there are beyond the first of their
// pixels. Waits.
template <class Queue, class Pixel>
int64_t copy_photons(Queue& queue, const Taking<Pixel>& taking, Pixel* pixels, int64_t* position, int32_t* extra) {
  auto* const n_extra = queue.template array<int64_t>(1);
  queue.zero(n_extra, 1);
  for_each(queue, taking.n * CopyPhotons<Pixel>::kLanes, CopyPhotons<Pixel>{taking, pixels, position, extra, n_extra});
  return queue.read(n_extra);
}

}  // namespace motes::cuda
