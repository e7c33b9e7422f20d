// Templates (M, R) in device memory as the panels of four that kernels take: see panels.hpp.
//
// bytes    each weight is read and written once, by neighbouring threads from neighbouring places; the 16 bytes that one
//          writes are half of what memory moves for them. R = 1024, M = 4096: 50 MB, 17 us at 3.0 TB/s, beside the 3.2 ms
//          that 1e7 photons then take
#pragma once
#include <math.h>

#include "cuda/checks.hpp"
#include "cuda/score.hpp"

namespace motes::cuda {

// As validate_numbers with a likelihood of zero allowed.
struct NoScore {
  const void* values;
  int real_bytes;
  MOTES_HD bool operator()(int64_t i) const {
    const double value = number_at(values, real_bytes, i);
    return !MOTES_ISA::is_number(value) && value != -HUGE_VAL;
  }
};

template <class Real>
struct PackRows {
  const Real *weights, *base;
  int64_t n_templates, n_panels, n_pixels;
  Four<Real>* rows;  // the bases of all panels, then their tables

  // Pixel -1: the bases.
  MOTES_HD void operator()(int64_t k) const {
    const int64_t i = k / n_panels - 1, panel = k % n_panels, first = panel * kWidth;
    const Real* from = (i < 0 ? base : weights + i * n_templates) + first;
    Four<Real> row = load_four(from, n_templates - first);
    if (i < 0)
      for (int r = 0; r < kWidth; ++r)
        if (first + r >= n_templates) row.at[r] = -static_cast<Real>(HUGE_VAL);
    rows[i < 0 ? panel : n_panels + panel * n_pixels + i] = row;
  }
};

// In memory of the queue.
template <class Real, class Queue>
Templates<Real> packed(Queue& queue, const Real* weights, const Real* base, int64_t n_templates, int64_t n_pixels) {
  const int64_t n_panels = panels_of(n_templates), n = n_panels * (1 + n_pixels);
  auto* const rows = queue.template array<Four<Real>>(n);
  for_each(queue, n, PackRows<Real>{weights, base, n_templates, n_panels, n_pixels, rows});
  return {rows + n_panels, rows, n_templates, n_panels, n_pixels};
}

// The first weight or base that the CPU refuses is refused in its words. Waits.
template <class Real, class Queue>
motes_status check_scoring(Queue& queue, const Real* weights, const Real* base, int64_t n_templates, int64_t n_pixels,
                           motes_error* error) {
  const int bytes = sizeof(Real);
  const int64_t n = n_templates * n_pixels;
  const Column columns[] = {{"weights", weights, look_for(queue, n, NoScore{weights, bytes})},
                            {"base", base, look_for(queue, n_templates, NoScore{base, bytes})}};
  for (const auto& column : columns)
    if (const auto bad = tell_number(queue, column, bytes, error)) return bad;
  return MOTES_OK;
}

}  // namespace motes::cuda
