// Runs a kernel of phases (phases.hpp) on the GPU.
#pragma once
#include <cuda_runtime.h>

#include "cuda/phases.hpp"

namespace motes::cuda {

constexpr int64_t kSharedWithoutAsking = 48 << 10;

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run_phases(const __grid_constant__ Kernel kernel) {
  extern __shared__ __align__(32) unsigned char memory[];
  const Spot spot{static_cast<int64_t>(blockIdx.x), static_cast<int64_t>(gridDim.x), static_cast<int>(threadIdx.x),
                  Kernel::kThreads};
  decltype(auto) shared = kernel.shared(memory);
  typename Kernel::Thread thread;
  const int64_t n_phases = kernel.phases(spot.block);
  for (int64_t k = 0; k < n_phases; ++k) {
    if (k > 0) __syncthreads();
    kernel.phase(k, spot, shared, thread);
  }
}

// Asynchronous, on `stream`. The error is that of the launch alone.
template <class Kernel>
cudaError_t launch(const Kernel& kernel, cudaStream_t stream) {
  const int64_t bytes = kernel.shared_bytes();
  if (bytes > kSharedWithoutAsking) {
    const auto bad = cudaFuncSetAttribute(run_phases<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                          static_cast<int>(bytes));
    if (bad != cudaSuccess) return bad;
  }
  run_phases<Kernel><<<static_cast<unsigned>(kernel.blocks()), Kernel::kThreads, static_cast<size_t>(bytes), stream>>>(
      kernel);
  return cudaGetLastError();
}

}  // namespace motes::cuda
