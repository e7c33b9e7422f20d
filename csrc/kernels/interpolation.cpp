// Turns by any angle, there and back: see motes/interpolation.hpp.
//
// Pixel after pixel of the detector, and a group of its templates after the other, whose numbers lie side by side: first
// the places and weights of the group, some 20 operations each and no memory, then what is read or added there.
#include "kernels/interpolation.h"

#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

constexpr int G = kTurnsInGroup;

// Of a group: the upper left of the four neighbours in a padded image, the weights of all of them, and 1 over the sum of
// those within the disc.
struct Taps {
  int32_t place[G];
  double weight[4][G], scale[G];
};

inline double kept_within(double value, double most) {
  const double above = value < 0 ? 0 : value;  // a rounding may lead out of the image
  return above > most ? most : above;
}

inline void find(const Turns& turns, int64_t first, double x, double y, Taps& taps) {
  const double most = static_cast<double>(turns.side - 1), centre = most / 2;
  const double *xx = turns.xx + first, *xy = turns.xy + first, *yx = turns.yx + first, *yy = turns.yy + first;
  const auto stride = static_cast<int32_t>(turns.side + 1);
  for (int k = 0; k < G; ++k) {
    const double column = kept_within(xx[k] * x + xy[k] * y + centre, most);
    const double row = kept_within(yx[k] * x + yy[k] * y + centre, most);
    const auto left = static_cast<int32_t>(column), top = static_cast<int32_t>(row);
    const double right_part = column - left, lower_part = row - top;
    const double left_part = 1 - right_part, upper_part = 1 - lower_part;
    taps.place[k] = top * stride + left;
    taps.weight[0][k] = upper_part * left_part;
    taps.weight[1][k] = upper_part * right_part;
    taps.weight[2][k] = lower_part * left_part;
    taps.weight[3][k] = lower_part * right_part;
    taps.scale[k] = 1;
  }
}

inline double weighed(const double* image, int64_t stride, const Taps& taps, int k) {
  const double* at = image + taps.place[k];
  return taps.weight[0][k] * at[0] + taps.weight[1][k] * at[1] + taps.weight[2][k] * at[stride] +
         taps.weight[3][k] * at[stride + 1];
}

inline void add(double* image, int64_t stride, const Taps& taps, int k, double value) {
  double* at = image + taps.place[k];
  at[0] += taps.weight[0][k] * value;
  at[1] += taps.weight[1][k] * value;
  at[stride] += taps.weight[2][k] * value;
  at[stride + 1] += taps.weight[3][k] * value;
}

// body(first number of a group at a pixel, numbers, taps) for all pixels of these rows within the disc, beyond(first number
// of a pixel) for the others.
template <class Body, class Beyond>
inline void for_each_group(const Turns& turns, Lane rows, Body&& body, Beyond&& beyond) {
  const int64_t side = turns.side, most = side - 1, n = turns.n_templates;
  // In doubled coordinates, which are whole, neighbours are nearer than 2 sqrt(2) < 3: these pixels have all of them.
  const int64_t inner = most > 3 ? (most - 3) * (most - 3) : -1;
  Taps taps;
  for (int64_t row = rows.begin; row < rows.end; ++row)
    for (int64_t column = 0; column < side; ++column) {
      const int64_t pixel = row * side + column;
      if (turns.inside[row * (side + 1) + column] == 0) {
        beyond(pixel * n);
        continue;
      }
      const int64_t y = 2 * row - most, x = 2 * column - most;
      const bool whole = x * x + y * y <= inner;
      for (int64_t first = 0; first < n; first += G) {
        const int count = static_cast<int>(n - first < G ? n - first : G);
        find(turns, first, static_cast<double>(x) / 2, static_cast<double>(y) / 2, taps);
        if (!whole)
          for (int k = 0; k < count; ++k) taps.scale[k] = 1 / weighed(turns.inside, side + 1, taps, k);
        body(pixel * n + first, count, taps);
      }
    }
}

}  // namespace

// `master`: padded, 0 beyond the disc.
void interpolate(const Turns& turns, const double* master, double* templates, Lane rows) {
  for_each_group(
      turns, rows,
      [=, stride = turns.side + 1](int64_t at, int count, const Taps& taps) {
        for (int k = 0; k < count; ++k) templates[at + k] = taps.scale[k] * weighed(master, stride, taps, k);
      },
      [=, n = turns.n_templates](int64_t at) {
        for (int64_t r = 0; r < n; ++r) templates[at + r] = 0;
      });
}

// Adds to `home`, padded; what it receives beyond the disc is not meant.
void interpolate_home(const Turns& turns, const double* planes, double* home, Lane rows) {
  for_each_group(
      turns, rows,
      [=, stride = turns.side + 1](int64_t at, int count, const Taps& taps) {
        for (int k = 0; k < count; ++k) add(home, stride, taps, k, taps.scale[k] * planes[at + k]);
      },
      [](int64_t) {});
}

}  // namespace motes::MOTES_ISA
