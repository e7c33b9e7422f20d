#include "cuda/totals.hpp"

#include "cuda/families.hpp"
#include "cuda/queue.cuh"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

motes_status totals(const PatternsHeld& held, Totals* totals, cudaStream_t stream, motes_error* error) {
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: totals", error);
    return with_pixels(held.arrays, [&](const auto& patterns) {
      *totals = totals_of(queue, patterns);
      return queue.status();
    });
  });
}

}  // namespace motes::cuda
