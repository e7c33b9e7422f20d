#include "cuda/outer.hpp"

#include "cuda/families.hpp"
#include "cuda/queue.cuh"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

motes_status outer(const PatternsHeld& held, const float* coefficients, const motes_orbits* orbits,
                   bool coefficients_too, double* sums, cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_orbits(orbits, held.arrays.n_pixels, coefficients, error)) return bad;
  int64_t n_slots;
  if (const auto bad = slots_of(*orbits, coefficients_too, &n_slots, error)) return bad;
  if (const auto bad = validate_pointer("sums", sums, n_slots * n_slots, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: outer products", error);
    const auto status = with_pixels(held.arrays, [&](const auto& patterns) {
      return outer(queue, patterns, coefficients, *orbits, coefficients_too, n_slots, sums, error);
    });
    return queue.fine() ? status : queue.status();
  });
}

}  // namespace motes::cuda
