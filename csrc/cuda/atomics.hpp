// What several threads may do to one place, in shared or in device memory: integers only, where no order matters, and
// nothing is returned, so that no order shows.
#pragma once
#include <stdint.h>

#include "kernels/host_device.h"

namespace motes::cuda {

MOTES_HD inline void add_fixed(int32_t* to, int32_t amount) {
#if defined(__CUDA_ARCH__)
  atomicAdd(to, amount);
#else
  *to += amount;
#endif
}

MOTES_HD inline void add_fixed(int64_t* to, int64_t amount) {
#if defined(__CUDA_ARCH__)
  atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(amount));
#else
  *to += amount;
#endif
}

MOTES_HD inline void or_bits(uint32_t* to, uint32_t bits) {
#if defined(__CUDA_ARCH__)
  atomicOr(to, bits);
#else
  *to |= bits;
#endif
}

MOTES_HD inline void take_larger(uint32_t* to, uint32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(to, value);
#else
  *to = value > *to ? value : *to;
#endif
}

MOTES_HD inline void take_smaller(uint32_t* to, uint32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMin(to, value);
#else
  *to = value < *to ? value : *to;
#endif
}

}  // namespace motes::cuda
