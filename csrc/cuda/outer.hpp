// Sums of outer products of patterns turned home: see motes/outer.hpp. The bits are those of the CPU.
//
// Coefficients are rounded to whole numbers once. A thread then takes a photon of a pattern, goes through those after it,
// and adds the product of each two coefficients, where it is not zero, to a matrix of int64 in device memory; what a
// photon makes with itself goes to a matrix for each orbit. In the end the first is added to its transpose.
//
// What holds it: one 64-bit addition in the L2 cache for each product, n (n + 1) / 2 pairs of photons to R^2 products at
// most. The matrix (8 S^2 bytes: 3 MB for 625 pixels) lies there; patterns are read once from memory, then from caches,
// 2 bytes and a few of small tables for each pair. W7: second moments, 1e5 patterns of 27.4 photons, are 4e7 additions;
// the information of 2e4 patterns is 8e6 pairs, each of one product where orientations are sure, of 16 at most: 1.3e8.
#pragma once
#include "cuda/checks.hpp"
#include "cuda/patterns.hpp"
#include "cuda/row_sums.hpp"
#include "dispatch/outer.hpp"
#include "kernels/quantum.h"

namespace motes::cuda {

struct NoCoefficient {
  const float* values;
  MOTES_HD bool operator()(int64_t i) const { return !(values[i] >= 0 && values[i] <= 1); }
};

struct RoundCoefficients {
  const float* values;
  double scale;
  int32_t* amounts;
  MOTES_HD void operator()(int64_t i) const {
    amounts[i] = static_cast<int32_t>(MOTES_ISA::multiple_of(static_cast<double>(values[i]), scale));
  }
};

// Photons of these patterns: where the first and the last are, among those of all that share the arrays.
struct Extent {
  int64_t first, last;
  MOTES_HD bool has(int64_t position) const { return position >= first && position < last; }
};

// n^2 - 1 of pixels with n photons, in rows of as many pixels.
struct Squares {
  Extent extent;
  int64_t n_multi, n_in_row;
  const int64_t* position;
  const int32_t* extra;
  MOTES_HD double operator()(int64_t row, int64_t i) const {
    const int64_t m = row * n_in_row + i;
    if (m >= n_multi || !extent.has(position[m])) return 0;
    const double n = extra[m];
    return n * (n + 2);
  }
};

struct CountMulti {
  Extent extent;
  const int64_t* position;
  const int32_t* extra;
  int32_t* counts;
  MOTES_HD void operator()(int64_t m) const {
    if (extent.has(position[m])) counts[position[m] - extent.first] += extra[m];
  }
};

// motes_orbits on the device.
struct OrbitsOn {
  int64_t n_orbits, n_templates;
  const int32_t* orbit;
  const uint8_t* phase;
  const uint8_t* turn;
};

template <class Pixel>
struct AddProducts {
  PatternsOn<Pixel> patterns;
  Extent extent;
  const int32_t* counts;  // of each photon; null where all are single
  const int32_t* amounts;  // (N, R)
  OrbitsOn orbits;
  bool coefficients_too;
  int64_t n_slots;
  int64_t* pairs;  // (S, S): each two photons of a pattern once, in either triangle
  int64_t* same;   // (orbits, R, R)

  // What a photon, or after the last of its pattern the coefficients themselves, adds to the slots of its orbit.
  struct Block {
    const int32_t* row;
    const uint8_t* turn;
    int64_t orbit, count;
    MOTES_HD int64_t at(int64_t slot) const { return row[turn[slot]] * count; }
  };
  MOTES_HD Block block(int64_t p, int64_t position) const {
    const int32_t* const row = amounts + p * orbits.n_templates;
    if (position == patterns.indptr[p + 1]) return {row, orbits.turn, orbits.n_orbits, 1};
    const auto pixel = static_cast<int64_t>(patterns.pixels[position]);
    return {row, orbits.turn + orbits.phase[pixel] * orbits.n_templates, orbits.orbit[pixel],
            counts ? counts[position - extent.first] : 1};
  }

  // The pattern that a photon is of.
  MOTES_HD int64_t pattern_of(int64_t position) const {
    int64_t low = 0, high = patterns.n_patterns - 1;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (patterns.indptr[middle + 1] <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  MOTES_HD void add(const Block& left, const Block& right, int64_t* corner, int64_t stride) const {
    for (int64_t s = 0; s < orbits.n_templates; ++s) {
      const int64_t a = left.at(s);
      if (a == 0) continue;  // most, once orientations are told apart
      for (int64_t t = 0; t < orbits.n_templates; ++t)
        if (const int64_t product = a * right.at(t)) add_fixed(corner + s * stride + t, product);
    }
  }

  // First the photons, then the coefficients of each pattern.
  MOTES_HD void operator()(int64_t k) const {
    const int64_t n_lit = extent.last - extent.first, r_count = orbits.n_templates;
    const int64_t p = k < n_lit ? pattern_of(extent.first + k) : k - n_lit;
    const int64_t end = patterns.indptr[p + 1], i = k < n_lit ? extent.first + k : end;
    const Block left = block(p, i);
    add(left, left, same + left.orbit * r_count * r_count, r_count);
    for (int64_t j = i + 1; j < end + (coefficients_too ? 1 : 0); ++j) {
      const Block right = block(p, j);
      add(left, right, pairs + left.orbit * r_count * n_slots + right.orbit * r_count, n_slots);
    }
  }
};

// Both triangles and the diagonal, in the unit of the coefficients.
struct Products {
  const int64_t* pairs;
  const int64_t* same;
  int64_t n_templates, n_slots;
  double unit;
  double* sums;
  MOTES_HD void operator()(int64_t i) const {
    const int64_t row = i / n_slots, column = i % n_slots, orbit = row / n_templates;
    int64_t sum = pairs[i] + pairs[column * n_slots + row];
    if (column / n_templates == orbit) sum += same[row * n_templates + column % n_templates];
    sums[i] = static_cast<double>(sum) * unit;
  }
};

// As excess_of(patterns).squares: sums of whole numbers, exact wherever they matter.
template <class Queue, class Pixel>
double squares_of(Queue& queue, const PatternsOn<Pixel>& patterns, const Extent& extent) {
  constexpr int64_t kRows = 64;
  if (patterns.n_multi == 0) return 0;
  const int64_t n_in_row = (patterns.n_multi + kRows - 1) / kRows;
  auto* const rows = queue.template array<double>(kRows);
  sum_rows(queue, kRows, n_in_row, rows,
           Squares{extent, patterns.n_multi, n_in_row, patterns.multi_position, patterns.multi_extra});
  double found[kRows]{}, sum = 0;
  queue.download(rows, kRows, found);
  for (const double row : found) sum += row;
  return sum;
}

// As the CPU refuses them; the second look is only for what to say.
template <class Queue>
motes_status check_coefficients(Queue& queue, const float* values, int64_t n, motes_error* error) {
  const int64_t i = index_of(queue, look_for(queue, n, NoCoefficient{values}));
  if (i == n || !queue.fine()) return MOTES_OK;
  if (const auto bad = check_numbers(queue, "coefficients", values, sizeof(float), n, error)) return bad;
  return refuse_coefficient(value_at(queue, values, sizeof(float), i), i, error);
}

// Checked orbits of the host; `coefficients`, which may be null, and `sums` on the device.
template <class Queue, class Pixel>
motes_status outer(Queue& queue, const PatternsOn<Pixel>& patterns, const float* coefficients,
                   const motes_orbits& orbits, bool coefficients_too, int64_t n_slots, double* sums,
                   motes_error* error) {
  const int64_t r_count = orbits.n_slots, n_coefficients = patterns.n_patterns * r_count;
  if (coefficients)
    if (const auto bad = check_coefficients(queue, coefficients, n_coefficients, error)) return bad;
  const Extent extent{queue.read(patterns.indptr), queue.read(patterns.indptr + patterns.n_patterns)};
  int bits;
  if (const auto bad = bits_of_coefficients(patterns.n_patterns, squares_of(queue, patterns, extent), r_count,
                                            coefficients != nullptr, &bits, error))
    return bad;
  if (!coefficients) bits = 0;

  const OrbitsOn there{orbits.n_orbits, r_count, queue.upload(orbits.orbit, patterns.n_pixels),
                       queue.upload(orbits.phase, patterns.n_pixels), queue.upload(orbits.turn, r_count * r_count)};
  auto* const amounts = queue.template array<int32_t>(n_coefficients);
  if (coefficients)
    for_each(queue, n_coefficients, RoundCoefficients{coefficients, ldexp(1.0, bits), amounts});
  else
    fill(queue, amounts, n_coefficients, 1);
  int32_t* counts = nullptr;
  if (patterns.n_multi > 0) {
    counts = queue.template array<int32_t>(extent.last - extent.first);
    fill(queue, counts, extent.last - extent.first, 1);
    for_each(queue, patterns.n_multi, CountMulti{extent, patterns.multi_position, patterns.multi_extra, counts});
  }
  auto* const pairs = queue.template array<int64_t>(n_slots * n_slots);
  auto* const same = queue.template array<int64_t>(n_slots * r_count);
  queue.zero(pairs, n_slots * n_slots);
  queue.zero(same, n_slots * r_count);
  for_each(queue, extent.last - extent.first + (coefficients_too ? patterns.n_patterns : 0),
           AddProducts<Pixel>{patterns, extent, counts, amounts, there, coefficients_too, n_slots, pairs, same});
  for_each(queue, n_slots * n_slots, Products{pairs, same, r_count, n_slots, ldexp(1.0, -2 * bits), sums});
  return MOTES_OK;
}

}  // namespace motes::cuda
