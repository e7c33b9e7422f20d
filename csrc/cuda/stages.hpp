// Kernels that several families launch, each compiled once.
#pragma once
#include "cuda/passes.hpp"
#include "cuda/queue.cuh"

namespace motes::cuda {

// Compiled with likelihood.cu.
#define MOTES_INSTANTIATE_SCORES(word, Real, Pixel)                                                              \
  word template void score_rows<Written, StreamQueue, Real, Pixel>(StreamQueue&, const PatternsOn<Pixel>&,       \
                                                                   const Templates<Real>&, Real*, int64_t);

MOTES_INSTANTIATE_SCORES(extern, float, uint16_t)
MOTES_INSTANTIATE_SCORES(extern, float, uint32_t)
MOTES_INSTANTIATE_SCORES(extern, double, uint16_t)
MOTES_INSTANTIATE_SCORES(extern, double, uint32_t)

// Compiled with sweep.cu.
#define MOTES_INSTANTIATE_SWEEPS(word, Real, Pixel)                                                             \
  word template void sweep_through<Real, Pixel, StreamQueue>(StreamQueue&, const PatternsOn<Pixel>&,            \
                                                             const Templates<Real>&, bool, const Sums&,         \
                                                             const RoomForRows<Real>&);                         \
  word template void sweep_in_turns<Real, Pixel, StreamQueue>(StreamQueue&, const PatternsOn<Pixel>&,           \
                                                              const std::shared_ptr<const Panels<Real>>&, bool, \
                                                              int64_t*);

MOTES_INSTANTIATE_SWEEPS(extern, float, uint16_t)
MOTES_INSTANTIATE_SWEEPS(extern, float, uint32_t)
MOTES_INSTANTIATE_SWEEPS(extern, double, uint16_t)
MOTES_INSTANTIATE_SWEEPS(extern, double, uint32_t)

}  // namespace motes::cuda
