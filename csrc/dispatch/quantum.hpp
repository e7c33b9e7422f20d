// The quantum of coefficients: 2^(exponent - kBits), 2^(exponent - 1) <= the largest of them < 2^exponent. It does not
// depend on the order of patterns either.
#pragma once
#include <cmath>

#include "dispatch/validate.hpp"
#include "kernels/planes.h"

namespace motes {

template <class Real>
struct Quantum {
  int exponent;
  Real scale;  // one over it

  // By which power of two sums of multiples become numbers.
  int shift() const { return exponent - Fixed<Real>::kBits; }
};

// `largest`: a finite magnitude.
template <class Real>
motes_status quantum_of(Real largest, Quantum<Real>* quantum, motes_error* error) {
  const int exponent = largest > 0 ? std::ilogb(largest) + 1 : 0;
  *quantum = {exponent, std::ldexp(Real(1), Fixed<Real>::kBits - exponent)};
  return std::isfinite(quantum->scale) ? MOTES_OK : refuse(error, -1, "coefficients: the largest is subnormal");
}

// float64 runs hold 2^33 quanta of 2^-30 a pixel; float32 runs far more than anybody records.
template <class Real>
bool sums_fit(double n_photons) {
  return n_photons < static_cast<double>(int64_t{1} << (63 - Fixed<Real>::kBits));
}

}  // namespace motes
