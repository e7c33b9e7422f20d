// Runs a kernel of phases (phases.hpp) on the GPU.
#pragma once
#include <cuda_runtime.h>

#include "cuda/device.hpp"
#include "cuda/phases.hpp"

namespace motes::cuda {

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run_phases(const __grid_constant__ Kernel kernel) {
  extern __shared__ __align__(32) unsigned char memory_of_block[];
  const Spot spot{static_cast<int64_t>(blockIdx.x), static_cast<int64_t>(gridDim.x), static_cast<int>(threadIdx.x),
                  Kernel::kThreads};
  decltype(auto) shared = kernel.shared(memory_of_block);
  typename Kernel::Thread thread;
  const int64_t n_phases = kernel.phases(spot.block);
  for (int64_t k = 0; k < n_phases; ++k) {
    if (k > 0) __syncthreads();
    kernel.phase(k, spot, shared, thread);
  }
}

constexpr int64_t kSharedWithoutAsking = 48 << 10;

// Lets blocks of this kernel have as much shared memory as the device has: not just what this one wants, for another
// thread may be about to launch one that wants more.
template <class Kernel>
cudaError_t make_room(const Kernel& kernel) {
  if (kernel.shared_bytes() <= kSharedWithoutAsking) return cudaSuccess;
  int device = 0, most = 0;
  auto code = cudaGetDevice(&device);
  if (code == cudaSuccess) code = cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  if (code != cudaSuccess) return code;
  return cudaFuncSetAttribute(run_phases<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, most);
}

// How many blocks of this kernel the device runs at once; 1 where CUDA does not say.
template <class Kernel>
int64_t resident_blocks(const Kernel& kernel, int multiprocessors) {
  int each = 0;
  if (make_room(kernel) != cudaSuccess ||
      cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, run_phases<Kernel>, Kernel::kThreads,
                                                    static_cast<size_t>(kernel.shared_bytes())) != cudaSuccess)
    cudaGetLastError();
  return each > 0 ? int64_t{each} * multiprocessors : 1;
}

// Blocks for each panel of a kernel of `n` patterns: all that run at once where there is one panel, four times as many
// as run at once where there are many.
template <class Kernel>
int64_t blocks_for_panels(const Kernel& kernel, int64_t n, int64_t n_panels, int multiprocessors) {
  const int64_t resident = resident_blocks(kernel, multiprocessors);
  const int64_t wanted = n_panels == 1 ? resident : (4 * resident + n_panels - 1) / n_panels;
  return blocks_for(n, Kernel::kThreads, wanted);
}

// Asynchronous, on `stream`. What is told is what became of this launch: an error that another library left behind is
// none of it, as it would be after <<<>>> and cudaGetLastError.
template <class Kernel>
motes_status launch(const Kernel& kernel, cudaStream_t stream, const char* doing, motes_error* error) {
  if (kernel.blocks() > INT32_MAX) return told(cudaErrorInvalidValue, doing, error);  // the most that a grid has
  if (const auto bad = told(make_room(kernel), doing, error)) return bad;
  Kernel own = kernel;
  void* arguments[] = {&own};
  return told(cudaLaunchKernel(run_phases<Kernel>, dim3(static_cast<unsigned>(kernel.blocks())), dim3(Kernel::kThreads),
                               arguments, static_cast<size_t>(kernel.shared_bytes()), stream),
              doing, error);
}

}  // namespace motes::cuda
