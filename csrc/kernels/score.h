// Scores of a block of patterns against one panel of templates:
//
//     score[p, r] = base[r] + sum_{i in photons of p} table[i, r]
//
// summed in photon order, then the base, then the photons beyond the first of a pixel, so that the bits depend on the
// pattern alone. Several patterns of equal length go side by side: each is a chain of dependent additions.
#pragma once
#include "kernels/block.h"
#include "kernels/row.h"

namespace motes::MOTES_ISA {
namespace {

// The columns `table`, `base` and `scores` point at: one register of a panel that is Width wide.
template <class Real, int Width, class Pixel>
inline void score_columns(const motes_patterns& patterns, const Block& block, const Real* table, const Real* base,
                          Real* scores, int64_t stride, int valid, bool to_memory) {
  constexpr int kLanes = kRowLanes<Real, Width>;
  constexpr int kTogether = 8;
  typedef Row<Real, kLanes> Weights;
  const auto* pixels = static_cast<const Pixel*>(patterns.pixels);
  const int64_t* row = patterns.indptr + block.first;
  const Weights base_row = Weights::load(base);
  const auto at = [table](Pixel pixel) { return Weights::load(table + Width * static_cast<int64_t>(pixel)); };
  const auto finish = [&](int k, Weights sum) {
    sum += base_row;
    if (valid >= kLanes) {
      sum.store(scores + k * stride);
    } else {
      Real full[kLanes];
      sum.store(full);
      memcpy(scores + k * stride, full, sizeof(Real) * static_cast<size_t>(valid));
    }
  };
  // In order of length photons are read from all over the block, which no hardware prefetcher follows: each pattern asks
  // for its counterpart in the next block (and, where scores go to memory and not to a scratch, for its row there).
  const int64_t left = patterns.n_patterns - block.first;
  int k = 0;
  for (; k + kTogether <= block.size; k += kTogether) {
    const Pixel* photon[kTogether];
    int64_t length[kTogether];
    Weights sum[kTogether];
    int64_t common = INT64_MAX;
    for (int g = 0; g < kTogether; ++g) {
      const int p = block.order[k + g];
      const int64_t ahead = block.size + k + g < left ? block.size + k + g : left;
      __builtin_prefetch(pixels + row[ahead]);
      if (to_memory) __builtin_prefetch(scores + ahead * stride, 1);
      photon[g] = pixels + row[p];
      length[g] = row[p + 1] - row[p];
      sum[g] = Weights::zero();
      if (length[g] < common) common = length[g];
    }
    for (int64_t i = 0; i < common; ++i)
      for (int g = 0; g < kTogether; ++g) sum[g] += at(photon[g][i]);
    for (int g = 0; g < kTogether; ++g) {
      for (int64_t i = common; i < length[g]; ++i) sum[g] += at(photon[g][i]);
      finish(block.order[k + g], sum[g]);
    }
  }
  for (; k < block.size; ++k) {
    const int p = block.order[k];
    Weights sum = Weights::zero();
    for (int64_t i = row[p]; i < row[p + 1]; ++i) sum += at(pixels[i]);
    finish(p, sum);
  }
}

template <class Real, int Width, class Pixel>
inline void score_panel(const motes_patterns& patterns, const Block& block, const Real* table, const Real* base,
                        Real* scores, int64_t stride, int valid, bool to_memory) {
  for (int c = 0; c < valid; c += kRowLanes<Real, Width>)
    score_columns<Real, Width, Pixel>(patterns, block, table + c, base + c, scores + c, stride, valid - c, to_memory);
  for_each_multi<Pixel>(patterns, block.first, block.size, [&](int p, int64_t pixel, int32_t extra) {
    for (int r = 0; r < valid; ++r) scores[p * stride + r] += static_cast<Real>(extra) * table[Width * pixel + r];
  });
}

template <class Real, class Pixel>
inline void score_block(const motes_patterns& patterns, const Block& block, const Panels<Real>& panels, Real* scores,
                        int64_t stride, bool to_memory = false) {
  for (int64_t panel = 0; panel < panels.n_panels; ++panel) {
    const int width = panel == panels.n_panels - 1 ? panels.last : panels.width;
    const Real* table = panels.table + panel * panels.n_pixels * panels.width;
    const Real* base = panels.base + panel * panels.width;
    Real* to = scores + panel * panels.width;
    // Into a caller's N x R array only R columns are written; into a scratch of padded rows, all.
    const int64_t left = stride - panel * panels.width;
    const int valid = static_cast<int>(left < width ? left : width);
    switch (width) {
      case 4: score_panel<Real, 4, Pixel>(patterns, block, table, base, to, stride, valid, to_memory); break;
      case 8: score_panel<Real, 8, Pixel>(patterns, block, table, base, to, stride, valid, to_memory); break;
      default: score_panel<Real, 16, Pixel>(patterns, block, table, base, to, stride, valid, to_memory); break;
    }
  }
  const int64_t padded = panels.n_panels * panels.width, first = padded - panels.width + panels.last;
  if (stride == padded)
    for (int k = 0; k < block.size; ++k)
      for (int64_t r = first; r < padded; ++r) scores[k * stride + r] = panels.base[r];
}

}  // namespace
}  // namespace motes::MOTES_ISA
