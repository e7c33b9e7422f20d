// The score of one pattern against four templates, by one thread:
//
//     score[r] = base[r] + sum_{i in photons} table[i, r]
//
// summed as kernels/score.h does, in photon order, then the base, then the photons beyond the first of a pixel: the
// bits are those of the CPU.
#pragma once
#include "cuda/patterns.hpp"

namespace motes::cuda {

constexpr int kWidth = 4;  // templates of a panel: in float32 a row of them is one 16-byte load

MOTES_HD inline int64_t panels_of(int64_t n_templates) { return (n_templates + kWidth - 1) / kWidth; }

template <class T>
struct alignas(sizeof(T) * kWidth) Four {
  T at[kWidth];

  MOTES_HD void operator+=(const Four& other) {
    for (int r = 0; r < kWidth; ++r) at[r] += other.at[r];
  }
};

// R templates as panels [n_panels][n_pixels] of rows; what pads the last one has a base of -inf.
template <class Real>
struct Templates {
  const Four<Real>* table;
  const Four<Real>* base;  // n_panels
  int64_t n_templates, n_panels, n_pixels;
};

template <class Real, class Pixel>
MOTES_HD inline Four<Real> score_of(const PatternsOn<Pixel>& patterns, int64_t p, const Four<Real>* table,
                                    const Four<Real>& base) {
  Four<Real> sum = {};
  for_each_photon(patterns, p, [&](int64_t pixel) { sum += table[pixel]; });
  sum += base;
  for_each_multi(patterns, p, [&](int64_t pixel, int32_t extra) {
    for (int r = 0; r < kWidth; ++r) sum.at[r] += static_cast<Real>(extra) * table[pixel].at[r];
  });
  return sum;
}

// Four numbers of a row of which `columns` are there, zeros for the others; read at once where they begin at a multiple
// of their size.
template <class Real>
MOTES_HD inline Four<Real> load_four(const Real* from, int64_t columns) {
  if (columns >= kWidth && reinterpret_cast<uintptr_t>(from) % sizeof(Four<Real>) == 0)
    return *reinterpret_cast<const Four<Real>*>(from);
  Four<Real> row = {};
  for (int r = 0; r < kWidth; ++r)
    if (r < columns) row.at[r] = from[r];
  return row;
}
template <class Real>
MOTES_HD inline void store_four(const Four<Real>& row, int64_t columns, Real* to) {
  if (columns >= kWidth && reinterpret_cast<uintptr_t>(to) % sizeof(Four<Real>) == 0) {
    *reinterpret_cast<Four<Real>*>(to) = row;
    return;
  }
  for (int r = 0; r < kWidth; ++r)
    if (r < columns) to[r] = row.at[r];
}

// A panel's rows into the memory of a block, by all of its threads.
template <class Real>
MOTES_HD inline void stage(const Four<Real>* from, int64_t n_pixels, Four<Real>* to, const Spot& at) {
  for (int64_t i = at.thread; i < n_pixels; i += at.threads) to[i] = from[i];
}

}  // namespace motes::cuda
