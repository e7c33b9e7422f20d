// Kernels that several families launch, each compiled once.
#pragma once
#include "cuda/device.hpp"
#include "cuda/score.hpp"

namespace motes::cuda {

// Scores of every pattern under every template; rows of `stride`, all of them written: more than there are templates
// where rows are padded to whole panels. Compiled with likelihood.cu.
template <class Real, class Pixel>
motes_status launch_scores(const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, Real* out,
                           int64_t stride, const Limits& limits, cudaStream_t stream, motes_error* error);

#define MOTES_INSTANTIATE_SCORES(word, Real, Pixel)                                                              \
  word template motes_status launch_scores<Real, Pixel>(const PatternsOn<Pixel>&, const Templates<Real>&, Real*, \
                                                        int64_t, const Limits&, cudaStream_t, motes_error*);

MOTES_INSTANTIATE_SCORES(extern, float, uint16_t)
MOTES_INSTANTIATE_SCORES(extern, float, uint32_t)
MOTES_INSTANTIATE_SCORES(extern, double, uint16_t)
MOTES_INSTANTIATE_SCORES(extern, double, uint32_t)

}  // namespace motes::cuda
