// Numbers in fixed point, whose sums over patterns are exact, so that no order matters: responsibilities (planes.h) and
// logarithms of likelihoods.
#pragma once
#include <stdint.h>

#include "kernels/host_device.h"
#include "kernels/isa.h"
#include "kernels/planes.h"

namespace motes::MOTES_ISA {
namespace {

// A responsibility, 0 to 1, as a multiple of the quantum.
template <class Real>
MOTES_HD inline typename Fixed<Real>::Amount amount_of(Real gamma) {
  constexpr auto kScale = static_cast<Real>(int64_t{1} << Fixed<Real>::kBits);
  return static_cast<typename Fixed<Real>::Amount>(gamma * kScale + Real(0.5));
}

// Adds a logarithm to a sum: whole nats, and the rest in units of 2^-kLogBits. Beyond 2^52 nats, where float64 holds no
// fraction either, it saturates.
MOTES_HD inline void add_fixed(double nats, int64_t sum[2]) {
  constexpr double kLimit = 4503599627370496.0, kUnit = 1 << kLogBits;
  const double held = nats > kLimit ? kLimit : nats < -kLimit ? -kLimit : nats;
  const auto whole = static_cast<int64_t>(held);
  const double rest = held - static_cast<double>(whole);
  sum[0] += whole;
  sum[1] += static_cast<int64_t>(rest * kUnit + (rest < 0 ? -0.5 : 0.5));
}

}  // namespace
}  // namespace motes::MOTES_ISA
