// Noise models in float64, as motes.noise: what a photon and what none adds to a log-likelihood, and the information
// about a mean.
#pragma once
#include <math.h>

#include "kernels/host_device.h"

namespace motes::cuda {

// kSquares: minus half the squared distance of a pattern from a template, but for what knows no template.
// kCertain: not nats, but how many of the pixels that always fire have fired, less how many there are.
enum class Noise : int { kBernoulli, kPoisson, kSquares, kCertain };

// A pixel that always fires: what it says is all or nothing, and no finite weight says so.
MOTES_HD inline bool is_certain(double mean) { return mean == 1; }

MOTES_HD inline double weight_of(Noise noise, double mean) {
  if (noise == Noise::kSquares) return mean;
  if (noise == Noise::kCertain) return is_certain(mean) ? 1 : 0;
  return noise == Noise::kBernoulli ? log(mean) - log1p(-mean) : log(mean);
}

MOTES_HD inline double base_of(Noise noise, double mean) {
  if (noise == Noise::kSquares) return -0.5 * (mean * mean);
  if (noise == Noise::kCertain) return is_certain(mean) ? -1 : 0;
  return noise == Noise::kBernoulli ? log1p(-mean) : -mean;
}

MOTES_HD inline double precision_of(Noise noise, double mean) {
  return noise == Noise::kBernoulli ? 1 / (mean * (1 - mean)) : 1 / mean;
}

}  // namespace motes::cuda
