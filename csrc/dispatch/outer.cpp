#include "kernels/outer.h"

#include <cmath>
#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/outer.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, outer, const motes_patterns&, const float*, int64_t, const motes_orbits&, int, double, OuterState&, Lane)

namespace motes {
namespace {

constexpr int64_t kLanePatterns = 256;  // a pattern costs the square of its photons

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

}  // namespace
}  // namespace motes

motes_status motes_outer(const motes_patterns* patterns, const float* coefficients, const motes_orbits* orbits,
                         int with_coefficients, double* sums, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_orbits(orbits, patterns->n_pixels, coefficients, error)) return bad;
  const int64_t r_count = orbits->n_slots;
  if (coefficients) {
    const int64_t size = patterns->n_patterns * r_count;
    if (const auto bad = validate_numbers("coefficients", coefficients, size, false, error)) return bad;
    for (int64_t i = 0; i < size; ++i)
      if (coefficients[i] < 0 || coefficients[i] > 1)
        return refuse_coefficient(static_cast<double>(coefficients[i]), i, error);
  }
  int64_t n_slots;
  if (const auto bad = slots_of(*orbits, with_coefficients, &n_slots, error)) return bad;
  if (const auto bad = validate_pointer("sums", sums, n_slots * n_slots, error)) return bad;
  int bits;
  if (const auto bad = bits_of_coefficients(patterns->n_patterns, excess_of(*patterns).squares, r_count, coefficients,
                                            &bits, error))
    return bad;
  return guarded(error, [&] {
    const int64_t n_orbits = n_slots / r_count;
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
