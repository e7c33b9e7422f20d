// The words that nvcc adds to C++, so that run_phases (launch.cuh) is C++: nobody calls it here. A launch of it runs the
// phases of its kernel by driver.hpp instead, in the order of the machine.
#pragma once
#include "driver.hpp"
#include "machine.hpp"

#define __global__
#define __launch_bounds__(threads)
#define __grid_constant__
#define __shared__
#define __align__(bytes) __attribute__((aligned(bytes)))

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
inline constexpr dim3 gridDim, blockDim;
inline constexpr dim3 blockIdx{0, 0, 0}, threadIdx{0, 0, 0};
inline void __syncthreads() {}

template <class Kernel>
cudaError_t cudaLaunchKernel(void (*function)(Kernel), dim3 grid, dim3 block, void** arguments, size_t shared_bytes,
                             cudaStream_t stream) {
  const Kernel kernel = *static_cast<const Kernel*>(arguments[0]);
  if (static_cast<int64_t>(grid.x) != kernel.blocks() || static_cast<int>(block.x) != Kernel::kThreads ||
      static_cast<int64_t>(shared_bytes) != kernel.shared_bytes())
    return standin::refuse_launch("a launch that is not what its kernel asks for");
  return standin::launch(reinterpret_cast<const void*>(function), Kernel::kThreads, shared_bytes, stream,
                         [kernel](int order) { return motes::cuda::run_on_host(kernel, order); });
}

template <class Kernel>
cudaError_t cudaFuncSetAttribute(void (*function)(Kernel), cudaFuncAttribute attribute, int value) {
  return standin::set_attribute(reinterpret_cast<const void*>(function), attribute, value);
}

template <class Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*function)(Kernel), int threads,
                                                          size_t shared_bytes) {
  return standin::occupancy(blocks, reinterpret_cast<const void*>(function), threads, shared_bytes);
}
