// Coefficients as whole multiples of a quantum, which follows the largest of them.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/host_device.h"
#include "kernels/isa.h"
#include "kernels/planes.h"

namespace motes::MOTES_ISA {
namespace {

MOTES_HD inline float half_towards(float value) { return copysignf(0.5f, value); }
MOTES_HD inline double half_towards(double value) { return copysign(0.5, value); }

// The nearest multiple of 1 / scale, with plain conversions: these a compiler vectorises.
template <class Real>
MOTES_HD inline typename Fixed<Real>::Amount multiple_of(Real value, Real scale) {
  const Real scaled = value * scale;
  return static_cast<typename Fixed<Real>::Amount>(scaled + half_towards(scaled));
}

// Without the sign, numbers are ordered as their bits are: infinity and NaN on top.
MOTES_HD inline uint32_t magnitude_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits & (UINT32_MAX >> 1);
}
MOTES_HD inline uint64_t magnitude_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits & (UINT64_MAX >> 1);
}
MOTES_HD inline float number_of(uint32_t magnitude) {
  float value;
  memcpy(&value, &magnitude, sizeof value);
  return value;
}
MOTES_HD inline double number_of(uint64_t magnitude) {
  double value;
  memcpy(&value, &magnitude, sizeof value);
  return value;
}

}  // namespace
}  // namespace motes::MOTES_ISA
