// exp and ln in float32, one formula for a number and for a vector of them: the same bits in every lane, on any
// instruction set and on a GPU, as long as no multiplication and addition are contracted into one rounding.
//
// `Bits` tells how the bits of a Real, float or a vector of floats, are read: OneFloat below, ManyFloats in softmax.h.
#pragma once
#include <stdint.h>
#include <string.h>

#include "kernels/host_device.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

struct OneFloat {
  MOTES_HD static int32_t bits_of(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  MOTES_HD static float value_of(int32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  MOTES_HD static float whole_of(int32_t number) { return static_cast<float>(number); }
  MOTES_HD static int32_t minus_one_where(bool condition) { return condition ? -1 : 0; }
};

// exp(x) for x <= 0 to 3e-7 relative; 0 below -87, where float32 would be subnormal (a denormal costs a hundred
// cycles).
template <class Bits, class Real>
MOTES_HD inline Real exp_nonpositive(Real x) {
  const auto tiny = x < -87.0f;
  x = tiny ? Real{} - 87.0f : x;
  const Real magic = Real{} + 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  const Real shifted = x * 1.44269504f + magic;
  const Real n = shifted - magic;
  const Real f = (x - n * 0.693359375f) - n * -2.12194440e-4f;  // ln 2 in two parts
  Real p = Real{} + 1.9875691500e-4f;
  p = p * f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  p = p * f * f + f + 1.0f;
  const auto power = (Bits::bits_of(shifted) - Bits::bits_of(magic)) << 23;
  return tiny ? Real{} : Bits::value_of(Bits::bits_of(p) + power);
}

// ln(x) for normal x >= 1 to 3e-7 relative.
template <class Bits, class Real>
MOTES_HD inline Real log_from_one(Real x) {
  const auto bits = Bits::bits_of(x);
  const auto above = Bits::minus_one_where((bits & 0x007fffff) > 0x003504f3);  // mantissa above sqrt(2): halve it
  const auto exponent = (bits >> 23) - 127 - above;
  const Real f = Bits::value_of(bits - (exponent << 23)) - 1.0f;
  const Real n = Bits::whole_of(exponent);
  Real p = Real{} + 7.0376836292e-2f;
  p = p * f + -1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f + -1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f + -1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f + -2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const Real square = f * f;
  return ((p * f * square + n * -2.12194440e-4f) - 0.5f * square + f) + n * 0.693359375f;
}

}  // namespace
}  // namespace motes::MOTES_ISA
