// sum_p u_p u_p^T of the patterns rotated home with their coefficients: see motes/outer.hpp.
//
// A photon in orbit o adds the same R numbers, turned by its phase, to the R neighbouring slots of o. A pattern is then a
// short list of blocks, and its outer product a sum over pairs of blocks: n^2/2 blocks of R x R instead of (n R)^2 loose
// entries. No dense N x M array, no BLAS.
#include "kernels/outer.h"

#include "kernels/block.h"

namespace motes::MOTES_ISA {
namespace {

// R = 0: any number, at run time.
template <int R>
inline void add_pairs(const OuterState& state, int64_t n, int64_t n_templates, int64_t n_slots) {
  const int64_t r_count = R ? R : n_templates;
  for (int64_t i = 0; i < n; ++i) {
    const double* left = state.blocks + i * r_count;
    double* rows = state.pairs + state.orbits[i] * r_count * n_slots;
    double* same = state.same + state.orbits[i] * r_count * r_count;
    for (int64_t s = 0; s < r_count; ++s) {
      const double a = left[s];
      if (a == 0) continue;  // most, once orientations are told apart
      for (int64_t t = 0; t < r_count; ++t) same[s * r_count + t] += a * left[t];
      double* row = rows + s * n_slots;
      for (int64_t j = i + 1; j < n; ++j) {
        const double* right = state.blocks + j * r_count;
        double* to = row + state.orbits[j] * r_count;
        for (int64_t t = 0; t < r_count; ++t) to[t] += a * right[t];
      }
    }
  }
}

template <class Pixel>
void outer_lane(const motes_patterns& patterns, const float* coefficients, int64_t n_templates,
                const motes_orbits& orbits, int with_coefficients, double scale, OuterState& state, Lane lane) {
  const int64_t n_slots = (orbits.n_orbits + (with_coefficients ? 1 : 0)) * n_templates;
  const auto* pixels = static_cast<const Pixel*>(patterns.pixels);
  for (int64_t p = lane.begin; p < lane.end; ++p) {
    for (int64_t phase = 0; phase < n_templates; ++phase)
      for (int64_t slot = 0; slot < n_templates; ++slot) {
        const double c = coefficients ? coefficients[p * n_templates + orbits.turn[phase * n_templates + slot]] : 1.0;
        state.turned[phase * n_templates + slot] = static_cast<double>(static_cast<int64_t>(c * scale + 0.5)) / scale;
      }
    const int64_t first = patterns.indptr[p];
    int64_t n = patterns.indptr[p + 1] - first;
    for (int64_t i = 0; i < n; ++i) {
      const Pixel pixel = pixels[first + i];
      state.orbits[i] = orbits.orbit[pixel];
      memcpy(state.blocks + i * n_templates, state.turned + orbits.phase[pixel] * n_templates,
             sizeof(double) * static_cast<size_t>(n_templates));
    }
    int64_t at = 0;
    for_each_multi<Pixel>(patterns, p, 1, [&](int, int64_t pixel, int32_t extra) {
      while (static_cast<int64_t>(pixels[first + at]) != pixel) ++at;
      for (int64_t r = 0; r < n_templates; ++r) state.blocks[at * n_templates + r] *= 1.0 + extra;
    });
    if (with_coefficients) {
      state.orbits[n] = static_cast<int32_t>(orbits.n_orbits);
      memcpy(state.blocks + n * n_templates, state.turned, sizeof(double) * static_cast<size_t>(n_templates));
      ++n;
    }
    switch (n_templates) {
      case 1: add_pairs<1>(state, n, n_templates, n_slots); break;
      case 4: add_pairs<4>(state, n, n_templates, n_slots); break;
      case 8: add_pairs<8>(state, n, n_templates, n_slots); break;
      default: add_pairs<0>(state, n, n_templates, n_slots); break;
    }
  }
}

}  // namespace

void outer(const motes_patterns& patterns, const float* coefficients, int64_t n_templates, const motes_orbits& orbits,
           int with_coefficients, double scale, OuterState& state, Lane lane) {
  if (patterns.pixel_bytes == 2)
    outer_lane<uint16_t>(patterns, coefficients, n_templates, orbits, with_coefficients, scale, state, lane);
  else
    outer_lane<uint32_t>(patterns, coefficients, n_templates, orbits, with_coefficients, scale, state, lane);
}

}  // namespace motes::MOTES_ISA
