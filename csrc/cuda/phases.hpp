// What a CUDA kernel is here: a sequence of phases with a barrier between each and the next.
//
// A kernel is a trivially copyable struct of its arguments:
//
//     static constexpr int kThreads;                   threads of a block
//     struct Thread;                                   what a thread keeps from one phase to the next (trivial)
//     Shared                                           what a block shares: pointers into its memory, or references
//     int64_t blocks() const;                          of the launch
//     int64_t shared_bytes() const;                    of a block's memory
//     MOTES_HD Shared shared(unsigned char*) const;    lays it out; the memory is aligned to 32 bytes and holds rubbish
//     MOTES_HD int64_t phases(int64_t block) const;    the same for all threads of the block
//     MOTES_HD void phase(int64_t k, const Spot&, const Shared&, Thread&) const;
//
// launch.cuh runs one on a GPU, tests/cuda/driver.hpp on the host, thread after thread, in several orders. For the two
// to agree, a phase may not depend on the order in which its threads run: none reads what another writes in the same
// phase, two write to one place only through atomics.hpp, and blocks meet nowhere else.
#pragma once
#include <stdint.h>

#include "kernels/host_device.h"

// Before a loop over what a thread keeps: unrolled, that stays in registers.
#if defined(__CUDA_ARCH__)
#define MOTES_UNROLL _Pragma("unroll")
#else
#define MOTES_UNROLL
#endif

namespace motes::cuda {

// Where a thread stands in a launch.
struct Spot {
  int64_t block, blocks;
  int thread, threads;

  MOTES_HD int64_t global() const { return block * threads + thread; }  // among all threads
  MOTES_HD int64_t all() const { return blocks * threads; }
};

// Blocks of `threads` that give each of `n` items a thread; at least one, and at most `most`.
MOTES_HD inline int64_t blocks_for(int64_t n, int threads, int64_t most = INT32_MAX) {
  const int64_t needed = (n + threads - 1) / threads;
  return needed < 1 ? 1 : needed > most ? most : needed;
}

}  // namespace motes::cuda
