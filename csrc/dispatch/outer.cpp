#include "kernels/outer.h"

#include <cmath>
#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, outer, const motes_patterns&, const float*, int64_t, const motes_orbits&, int, double, OuterState&, Lane)

namespace motes {
namespace {

constexpr int64_t kLanePatterns = 256;  // a pattern costs the square of its photons
constexpr int kLeastBits = 8;           // fewer would be felt
constexpr int kMostBits = 15;           // of a coefficient: 3e-5, far below the sampling noise of any such sum

struct Worker {
  Worker(int64_t n_orbits, int64_t r, int64_t n_pixels)
      : pairs(n_orbits * r * n_orbits * r), same(n_orbits * r * r), blocks((n_pixels + 1) * r), turned(r * r),
        orbits(n_pixels + 1) {
    state = {pairs.get(), same.get(), blocks.get(), orbits.get(), turned.get()};
  }
  Buffer<double> pairs, same, blocks, turned;
  Buffer<int32_t> orbits;
  OuterState state;
};

motes_status validate_orbits(const motes_orbits* orbits, int64_t n_pixels, motes_error* error) {
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
  return MOTES_OK;
}

// Bits of a coefficient such that every sum of products stays a whole number below 2^53: in one pattern an entry of
// u u^T is at most (R n)^2, n the most photons in one pixel, and sum_p n_p^2 at most N + sum over pixels of n^2 - 1.
int coefficient_bits(const motes_patterns& patterns, int64_t n_slots) {
  const double squares = static_cast<double>(std::max<int64_t>(patterns.n_patterns, 1)) + excess_of(patterns).squares;
  const double largest = squares * static_cast<double>(n_slots) * static_cast<double>(n_slots);
  return std::min(kMostBits, static_cast<int>(std::floor((53 - std::log2(largest)) / 2)));
}

}  // namespace
}  // namespace motes

motes_status motes_outer(const motes_patterns* patterns, const float* coefficients, const motes_orbits* orbits,
                         int with_coefficients, double* sums, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_orbits(orbits, patterns->n_pixels, error)) return bad;
  const int64_t r_count = orbits->n_slots;
  if (!coefficients && r_count != 1) return refuse(error, -1, "coefficients: needed for more than one slot an orbit");
  if (coefficients) {
    const int64_t size = patterns->n_patterns * r_count;
    if (const auto bad = validate_numbers("coefficients", coefficients, size, false, error)) return bad;
    for (int64_t i = 0; i < size; ++i)
      if (coefficients[i] < 0 || coefficients[i] > 1)
        return refuse(error, i, "coefficients: expected 0 to 1, got %g at index %lld",
                      static_cast<double>(coefficients[i]), static_cast<long long>(i));
  }
  const int64_t n_orbits = orbits->n_orbits + (with_coefficients ? 1 : 0), n_slots = n_orbits * r_count;
  if (n_slots > 1 << 16) return refuse(error, -1, "orbits: a matrix of %lld rows", static_cast<long long>(n_slots));
  if (const auto bad = validate_pointer("sums", sums, n_slots * n_slots, error)) return bad;
  const int bits = coefficient_bits(*patterns, r_count);
  if (bits < (coefficients ? kLeastBits : 0))
    return refuse(error, -1, "patterns: too many photons in one pixel for exact sums of products");
  return guarded(error, [&] {
    const int n_workers = workers_for(lanes_in(patterns->n_patterns, kLanePatterns), run);
    std::vector<Worker> workers;
    workers.reserve(static_cast<size_t>(n_workers));
    for (int w = 0; w < n_workers; ++w) workers.emplace_back(n_orbits, r_count, patterns->n_pixels);
    const auto kernel = MOTES_CHOOSE(outer);
    const double scale = std::ldexp(1.0, bits);
    const auto status = for_each_lane(patterns->n_patterns, kLanePatterns, n_workers, run, [&](Lane lane, int w) {
      kernel(*patterns, coefficients, r_count, *orbits, with_coefficients, scale, workers[static_cast<size_t>(w)].state,
             lane);
    });
    if (status) return status;
    std::fill_n(sums, n_slots * n_slots, 0.0);
    for (const auto& worker : workers)
      for (int64_t i = 0; i < n_slots * n_slots; ++i) sums[i] += worker.pairs[i];
    for (int64_t i = 0; i < n_slots; ++i) {
      for (int64_t j = 0; j < i; ++j) sums[i * n_slots + j] = sums[j * n_slots + i] += sums[i * n_slots + j];
      sums[i * n_slots + i] *= 2;
    }
    for (const auto& worker : workers)
      for (int64_t o = 0; o < n_orbits; ++o)
        for (int64_t s = 0; s < r_count; ++s)
          for (int64_t t = 0; t < r_count; ++t)
            sums[(o * r_count + s) * n_slots + o * r_count + t] += worker.same[(o * r_count + s) * r_count + t];
    return MOTES_OK;
  });
}
