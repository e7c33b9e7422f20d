// Kernels of one phase: a thread for each of n items.
#pragma once
#include "cuda/phases.hpp"

namespace motes::cuda {

template <class Body>  // void operator()(int64_t i) const
struct Each {
  static constexpr int kThreads = 256;
  struct Thread {};
  Body body;
  int64_t n;

  int64_t blocks() const { return blocks_for(n, kThreads); }
  int64_t shared_bytes() const { return 0; }
  MOTES_HD unsigned char* shared(unsigned char* memory) const { return memory; }
  MOTES_HD int64_t phases(int64_t) const { return 1; }
  MOTES_HD void phase(int64_t, const Spot& at, unsigned char* const&, Thread&) const {
    if (at.global() < n) body(at.global());
  }
};

}  // namespace motes::cuda
