// What several threads may do to one place, in shared or in device memory: integers only, where no order matters. The
// first few return nothing, so that no order shows; the last two make lists, and whoever reads a list must take its order
// for chance.
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

MOTES_HD inline void add_fixed(uint32_t* to, uint32_t amount) {
#if defined(__CUDA_ARCH__)
  atomicAdd(to, amount);
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

MOTES_HD inline void or_bits(uint64_t* to, uint64_t bits) {
#if defined(__CUDA_ARCH__)
  atomicOr(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(bits));
#else
  *to |= bits;
#endif
}

// The same where most threads come too late to change anything: what is read may be old, which costs time and no more.
MOTES_HD inline void or_bits_once(uint32_t* to, uint32_t bits) {
  if ((*static_cast<volatile const uint32_t*>(to) & bits) != bits) or_bits(to, bits);
}

MOTES_HD inline void take_larger(uint32_t* to, uint32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(to, value);
#else
  *to = value > *to ? value : *to;
#endif
}

MOTES_HD inline void take_larger(uint64_t* to, uint64_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(value));
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

MOTES_HD inline void take_smaller(uint64_t* to, uint64_t value) {
#if defined(__CUDA_ARCH__)
  atomicMin(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(value));
#else
  *to = value < *to ? value : *to;
#endif
}

MOTES_HD inline void take_smaller(int64_t* to, int64_t value) {
#if defined(__CUDA_ARCH__)
  atomicMin(reinterpret_cast<long long*>(to), static_cast<long long>(value));
#else
  *to = value < *to ? value : *to;
#endif
}

MOTES_HD inline void take_larger(int64_t* to, int64_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(reinterpret_cast<long long*>(to), static_cast<long long>(value));
#else
  *to = value > *to ? value : *to;
#endif
}

// All who write there write the same.
MOTES_HD inline void mark(uint8_t* flag) { *flag = 1; }

// The first of `n` places that were taken; `next` is the first that is free.
MOTES_HD inline uint32_t take_places(uint32_t* next, uint32_t n) {
#if defined(__CUDA_ARCH__)
  return atomicAdd(next, n);
#else
  const uint32_t first = *next;
  *next += n;
  return first;
#endif
}

MOTES_HD inline int64_t take_places(int64_t* next, int64_t n) {
#if defined(__CUDA_ARCH__)
  return static_cast<int64_t>(
      atomicAdd(reinterpret_cast<unsigned long long*>(next), static_cast<unsigned long long>(n)));
#else
  const int64_t first = *next;
  *next += n;
  return first;
#endif
}

// The head of a linked list before this one.
MOTES_HD inline uint32_t take_head(uint32_t* head, uint32_t item) {
#if defined(__CUDA_ARCH__)
  return atomicExch(head, item);
#else
  const uint32_t before = *head;
  *head = item;
  return before;
#endif
}

}  // namespace motes::cuda
