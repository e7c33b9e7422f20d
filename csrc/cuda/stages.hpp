// Kernels that several families launch, each compiled once.
#pragma once
#include "cuda/likelihood.hpp"
#include "cuda/queue.cuh"

namespace motes::cuda {

// Compiled with likelihood.cu.
#define MOTES_INSTANTIATE_SCORES(word, Real, Pixel)                                                              \
  word template void score_rows<StreamQueue, Real, Pixel>(StreamQueue&, const PatternsOn<Pixel>&,                \
                                                          const Templates<Real>&, Real*, int64_t);

MOTES_INSTANTIATE_SCORES(extern, float, uint16_t)
MOTES_INSTANTIATE_SCORES(extern, float, uint32_t)
MOTES_INSTANTIATE_SCORES(extern, double, uint16_t)
MOTES_INSTANTIATE_SCORES(extern, double, uint32_t)

// For those who have no queue: as score_rows.
template <class Real, class Pixel>
motes_status launch_scores(const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, Real* out,
                           int64_t stride, const Limits&, cudaStream_t stream, motes_error* error) {
  StreamQueue queue(stream, "CUDA: likelihood", error);
  score_rows(queue, patterns, templates, out, stride);
  return queue.status();
}

}  // namespace motes::cuda
