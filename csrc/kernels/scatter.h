// The transpose of score.h: planes[i, r] += amount[p, r] for the photons i of each pattern p of a block.
//
// Two patterns of equal length go side by side, into a copy of the planes each: an addition waits for the last one to
// the same pixel, which may be the other pattern's. Planes that would not fit the first-level cache twice have no second
// copy, and patterns then go one by one.
#pragma once
#include "kernels/block.h"
#include "kernels/planes.h"
#include "kernels/row.h"

namespace motes::MOTES_ISA {
namespace {

template <class Amounts, class Amount, class Pixel>
inline void add_pattern(const Pixel* photon, int64_t n, Amounts amount, Amount* plane, int width) {
  for (int64_t i = 0; i < n; ++i) {
    Amount* to = plane + width * static_cast<int64_t>(photon[i]);
    Amounts sum = Amounts::load(to);
    sum += amount;
    sum.store(to);
  }
}

// The columns that `amounts`, `narrow` and `second` point at: one register of a panel that is Width wide.
template <class Amount, int Width, class Pixel>
inline void scatter_columns(const motes_patterns& patterns, const Block& block, const Amount* amounts, int64_t stride,
                            Amount* narrow, Amount* second) {
  typedef Row<Amount, kRowLanes<Amount, Width>> Amounts;
  const auto* pixels = static_cast<const Pixel*>(patterns.pixels);
  const int64_t* row = patterns.indptr + block.first;
  if (!second) {
    for (int p = 0; p < block.size; ++p)
      add_pattern(pixels + row[p], row[p + 1] - row[p], Amounts::load(amounts + p * stride), narrow, Width);
    return;
  }
  const int64_t left = patterns.n_patterns - block.first;
  int k = 0;
  for (; k + 2 <= block.size; k += 2) {
    const int p = block.order[k], q = block.order[k + 1];
    for (int ahead = block.size + k; ahead < block.size + k + 2; ++ahead)
      __builtin_prefetch(pixels + row[ahead < left ? ahead : left]);
    const Pixel *one = pixels + row[p], *other = pixels + row[q];
    const int64_t n_one = row[p + 1] - row[p], n_other = row[q + 1] - row[q];
    const int64_t common = n_one < n_other ? n_one : n_other;
    const Amounts amount = Amounts::load(amounts + p * stride), amount_other = Amounts::load(amounts + q * stride);
    for (int64_t i = 0; i < common; ++i) {
      Amount* to = narrow + Width * static_cast<int64_t>(one[i]);
      Amount* to_other = second + Width * static_cast<int64_t>(other[i]);
      Amounts sum = Amounts::load(to), sum_other = Amounts::load(to_other);
      sum += amount;
      sum_other += amount_other;
      sum.store(to);
      sum_other.store(to_other);
    }
    add_pattern(one + common, n_one - common, amount, narrow, Width);
    add_pattern(other + common, n_other - common, amount_other, second, Width);
  }
  if (k < block.size) {
    const int p = block.order[k];
    add_pattern(pixels + row[p], row[p + 1] - row[p], Amounts::load(amounts + p * stride), narrow, Width);
  }
}

template <class Amount, int Width, class Pixel>
inline void scatter_panel(const motes_patterns& patterns, const Block& block, const Amount* amounts, int64_t stride,
                          Amount* narrow, Amount* second, int64_t* wide) {
  for (int c = 0; c < Width; c += kRowLanes<Amount, Width>)
    scatter_columns<Amount, Width, Pixel>(patterns, block, amounts + c, stride, narrow + c, second ? second + c : nullptr);
  for_each_multi<Pixel>(patterns, block.first, block.size, [&](int p, int64_t pixel, int32_t extra) {
    for (int r = 0; r < Width; ++r) wide[Width * pixel + r] += static_cast<int64_t>(extra) * amounts[p * stride + r];
  });
}

inline void flush(Planes<int32_t>& planes) {
  const int64_t size = planes.n_panels * planes.n_pixels * planes.width;
  int32_t* const copies[] = {planes.narrow, planes.second};
  for (int32_t* copy : copies) {
    if (!copy) continue;
    for (int64_t i = 0; i < size; ++i) planes.wide[i] += copy[i];
    memset(copy, 0, sizeof(int32_t) * static_cast<size_t>(size));
  }
  planes.pending = 0;
}
inline void flush(Planes<int64_t>&) {}

inline void make_room(Planes<int32_t>& planes, int n_patterns) {
  if (planes.pending + n_patterns > Fixed<float>::kPatternsToFlush) flush(planes);
  planes.pending += n_patterns;
}
inline void make_room(Planes<int64_t>&, int) {}

// `amounts`: rows of n_panels * width.
template <class Amount, class Pixel>
inline void scatter_block(const motes_patterns& patterns, const Block& block, const Amount* amounts,
                          Planes<Amount>& planes) {
  const int64_t stride = planes.n_panels * planes.width;
  make_room(planes, block.size);
  for (int64_t panel = 0; panel < planes.n_panels; ++panel) {
    const int64_t offset = panel * planes.n_pixels * planes.width;
    const Amount* from = amounts + panel * planes.width;
    Amount* narrow = planes.narrow + offset;
    Amount* second = planes.second ? planes.second + offset : nullptr;
    int64_t* wide = planes.wide + offset;
    switch (panel == planes.n_panels - 1 ? planes.last : planes.width) {
      case 4: scatter_panel<Amount, 4, Pixel>(patterns, block, from, stride, narrow, second, wide); break;
      case 8: scatter_panel<Amount, 8, Pixel>(patterns, block, from, stride, narrow, second, wide); break;
      default: scatter_panel<Amount, 16, Pixel>(patterns, block, from, stride, narrow, second, wide); break;
    }
  }
}

}  // namespace
}  // namespace motes::MOTES_ISA
