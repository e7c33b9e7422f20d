#include "cuda/total_image.hpp"

#include "cuda/families.hpp"
#include "cuda/queue.cuh"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

motes_status total_image(const PatternsHeld& held, int64_t n_lit, int64_t* photons, cudaStream_t stream,
                         motes_error* error) {
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: total image", error);
    auto* const there = queue.array<int64_t>(held.arrays.n_pixels);
    with_pixels(held.arrays, [&](const auto& patterns) {
      total_image(queue, patterns, n_lit, there);
      return queue.status();
    });
    queue.download(there, held.arrays.n_pixels, photons);
    return queue.status();
  });
}

}  // namespace motes::cuda
