// The transpose of score.h: planes[i, r] += amount[p, r] for the photons i of each pattern p of a block.
//
// Patterns are taken as they come: order of length, which halves the time there, gained nothing here (measured on the
// reference work), since each addition waits for the last one to the same pixel anyway.
#pragma once
#include "kernels/block.h"
#include "kernels/planes.h"
#include "kernels/row.h"

namespace motes::MOTES_ISA {
namespace {

template <class Amount, int Width, class Pixel>
inline void scatter_panel(const motes_patterns& patterns, const Block& block, const Amount* amounts, int64_t stride,
                          Amount* narrow, int64_t* wide) {
  constexpr int kLanes = kRowLanes<Amount, Width>;
  typedef Row<Amount, kLanes> Amounts;
  const auto* pixels = static_cast<const Pixel*>(patterns.pixels);
  const int64_t* row = patterns.indptr + block.first;
  for (int c = 0; c < Width; c += kLanes)
    for (int p = 0; p < block.size; ++p) {
      const Amounts amount = Amounts::load(amounts + p * stride + c);
      for (int64_t i = row[p]; i < row[p + 1]; ++i) {
        Amount* to = narrow + Width * static_cast<int64_t>(pixels[i]) + c;
        Amounts sum = Amounts::load(to);
        sum += amount;
        sum.store(to);
      }
    }
  for_each_multi<Pixel>(patterns, block.first, block.size, [&](int p, int64_t pixel, int32_t extra) {
    for (int r = 0; r < Width; ++r) wide[Width * pixel + r] += static_cast<int64_t>(extra) * amounts[p * stride + r];
  });
}

inline void flush(Planes<int32_t>& planes) {
  const int64_t size = planes.n_panels * planes.n_pixels * planes.width;
  for (int64_t i = 0; i < size; ++i) planes.wide[i] += planes.narrow[i];
  memset(planes.narrow, 0, sizeof(int32_t) * static_cast<size_t>(size));
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
    int64_t* wide = planes.wide + offset;
    switch (planes.width) {
      case 4: scatter_panel<Amount, 4, Pixel>(patterns, block, from, stride, narrow, wide); break;
      case 8: scatter_panel<Amount, 8, Pixel>(patterns, block, from, stride, narrow, wide); break;
      case 16: scatter_panel<Amount, 16, Pixel>(patterns, block, from, stride, narrow, wide); break;
      default: scatter_panel<Amount, 32, Pixel>(patterns, block, from, stride, narrow, wide); break;
    }
  }
}

// Adds a logarithm of a likelihood to a sum in fixed point; beyond 2^32 nats it would not fit, and no pattern is.
inline void add_fixed(double nats, int64_t sum[2]) {
  constexpr double kLimit = 4294967296.0, kUnit = 1 << kLogBits;
  const double held = nats > kLimit ? kLimit : nats < -kLimit ? -kLimit : nats;
  const auto units = static_cast<int64_t>(held * kUnit + (held < 0 ? -0.5 : 0.5));
  sum[0] += units >> kLogBits;
  sum[1] += units & ((int64_t{1} << kLogBits) - 1);
}

}  // namespace
}  // namespace motes::MOTES_ISA
