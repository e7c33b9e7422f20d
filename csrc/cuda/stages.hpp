// Launches that several families make, each compiled once: scores with likelihood.cu, sweeps with sweep.cu.
#pragma once
#include "cuda/passes.hpp"
#include "cuda/queue.cuh"

namespace motes::cuda {

#define MOTES_INSTANTIATE_SCORES(word, Real, Pixel)                                                              \
  word template void launch_scores<Real, Pixel, StreamQueue>(StreamQueue&, const PatternsOn<Pixel>&,             \
                                                             const Templates<Real>&, Real*, int64_t);
#define MOTES_INSTANTIATE_SWEEPS(word, Real, Pixel)                                                              \
  word template void sweep_through<Real, Pixel, StreamQueue>(StreamQueue&, const PatternsOn<Pixel>&,             \
                                                             const Templates<Real>&, bool, const Sums&,          \
                                                             const ScoreRows<Real>&);                            \
  word template void sweep_in_turns<Real, Pixel, StreamQueue>(StreamQueue&, const PatternsOn<Pixel>&,            \
                                                              const std::shared_ptr<const Panels<Real>>&, bool, \
                                                              int64_t*);
#define MOTES_INSTANTIATE_EACH(what, word) \
  what(word, float, uint16_t)              \
  what(word, float, uint32_t)              \
  what(word, double, uint16_t)             \
  what(word, double, uint32_t)

MOTES_INSTANTIATE_EACH(MOTES_INSTANTIATE_SCORES, extern)
MOTES_INSTANTIATE_EACH(MOTES_INSTANTIATE_SWEEPS, extern)

}  // namespace motes::cuda
