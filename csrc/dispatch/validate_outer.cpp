#include <algorithm>
#include <cmath>

#include "dispatch/outer.hpp"
#include "dispatch/validate.hpp"

namespace motes {
namespace {

constexpr int kLeastBits = 8;  // fewer would be felt
constexpr int kMostBits = 15;  // of a coefficient: 3e-5, far below the sampling noise of any such sum

}  // namespace

motes_status validate_orbits(const motes_orbits* orbits, int64_t n_pixels, bool with_coefficients, motes_error* error) {
  if (!orbits) return refuse(error, -1, "orbits: null pointer");
  if (orbits->n_slots < 1 || orbits->n_slots > 255)
    return refuse(error, -1, "orbits.n_slots: expected 1 to 255, got %lld", static_cast<long long>(orbits->n_slots));
  if (orbits->n_orbits < 0 || orbits->n_orbits > n_pixels)
    return refuse(error, -1, "orbits.n_orbits: expected 0 to %lld, got %lld", static_cast<long long>(n_pixels),
                  static_cast<long long>(orbits->n_orbits));
  if (const auto bad = validate_pointer("orbits.orbit", orbits->orbit, n_pixels, error)) return bad;
  if (const auto bad = validate_pointer("orbits.phase", orbits->phase, n_pixels, error)) return bad;
  if (const auto bad = validate_pointer("orbits.turn", orbits->turn, 1, error)) return bad;
  for (int64_t i = 0; i < n_pixels; ++i)
    if (orbits->orbit[i] < 0 || orbits->orbit[i] >= orbits->n_orbits || orbits->phase[i] >= orbits->n_slots)
      return refuse(error, i, "orbits: pixel %lld has orbit %d, phase %d", static_cast<long long>(i), orbits->orbit[i],
                    orbits->phase[i]);
  for (int64_t i = 0; i < orbits->n_slots * orbits->n_slots; ++i)
    if (orbits->turn[i] >= orbits->n_slots) return refuse(error, i, "orbits.turn: %d is no template", orbits->turn[i]);
  if (!with_coefficients && orbits->n_slots != 1)
    return refuse(error, -1, "coefficients: needed for more than one slot an orbit");
  return MOTES_OK;
}

motes_status refuse_coefficient(double value, int64_t index, motes_error* error) {
  return refuse(error, index, "coefficients: expected 0 to 1, got %g at index %lld", value,
                static_cast<long long>(index));
}

motes_status slots_of(const motes_orbits& orbits, bool coefficients_too, int64_t* n_slots, motes_error* error) {
  *n_slots = (orbits.n_orbits + (coefficients_too ? 1 : 0)) * orbits.n_slots;
  if (*n_slots <= 1 << 16) return MOTES_OK;
  return refuse(error, -1, "orbits: a matrix of %lld rows", static_cast<long long>(*n_slots));
}

// In one pattern an entry of u u^T is at most (R n)^2, n the most photons in one pixel, and sum_p n_p^2 at most N + sum
// over pixels of n^2 - 1.
motes_status bits_of_coefficients(int64_t n_patterns, double squares, int64_t n_templates, bool given, int* bits,
                                  motes_error* error) {
  const auto r_count = static_cast<double>(n_templates);
  const double largest = (static_cast<double>(std::max<int64_t>(n_patterns, 1)) + squares) * r_count * r_count;
  *bits = std::min(kMostBits, static_cast<int>(std::floor((53 - std::log2(largest)) / 2)));
  if (*bits >= (given ? kLeastBits : 0)) return MOTES_OK;
  return refuse(error, -1, "patterns: too many photons in one pixel for exact sums of products");
}

}  // namespace motes
