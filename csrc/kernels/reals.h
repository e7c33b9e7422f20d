// Vectors of float64, as wide as the registers of this instruction set.
#pragma once
#include <string.h>

#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

constexpr int kReals = kRegisterBytes / 8;
typedef double Reals __attribute__((vector_size(kRegisterBytes)));
typedef int64_t Longs __attribute__((vector_size(kRegisterBytes)));

inline Reals reals_at(const double* from) {
  Reals v;
  memcpy(&v, from, sizeof v);
  return v;
}

// Bit k: whether lane k of a comparison is true.
inline uint32_t lane_bits(Longs mask) {
#if defined(__AVX512DQ__)
  typedef long long Lanes __attribute__((vector_size(64)));
  return __builtin_ia32_cvtq2mask512(reinterpret_cast<Lanes>(mask));
#elif defined(__AVX__)
  return static_cast<uint32_t>(__builtin_ia32_movmskpd256(reinterpret_cast<Reals>(mask)));
#elif defined(__SSE2__)
  return static_cast<uint32_t>(__builtin_ia32_movmskpd(reinterpret_cast<Reals>(mask)));
#else
  uint32_t bits = 0;
  for (int k = 0; k < kReals; ++k) bits |= static_cast<uint32_t>(mask[k] & 1) << k;
  return bits;
#endif
}

}  // namespace
}  // namespace motes::MOTES_ISA
