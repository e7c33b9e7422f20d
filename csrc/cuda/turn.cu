#include "cuda/turn.hpp"

#include "cuda/families.hpp"
#include "cuda/queue.cuh"
#include "dispatch/guarded.hpp"
#include "dispatch/validate.hpp"

namespace motes::cuda {

motes_status expand(const double* master, const int32_t* index, int64_t n_templates, int64_t n_pixels, double* templates,
                    cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_index(index, n_templates, n_pixels, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: expand", error);
    expand(queue, master, index, n_templates, n_pixels, templates);
    return queue.status();
  });
}

motes_status rotate_home(const double* planes, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                         double* master, cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_index(index, n_templates, n_pixels, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: rotate home", error);
    rotate_home(queue, planes, index, n_templates, n_pixels, master);
    return queue.status();
  });
}

}  // namespace motes::cuda
