// Patterns of a caller, checked and copied into memory of their own on a device.
#pragma once
#include "cuda/families.hpp"

namespace motes::cuda {

// All arrays in one piece of memory, counted from 0; to be given back by release(memory, stream).
struct Copied {
  PatternsHeld held;
  void* memory;
  int64_t bytes;
};

// Wait, so that every stream of the device may use what was copied.
motes_status copy_from_host(const motes_patterns* patterns, Copied* copied, cudaStream_t stream, motes_error* error);
motes_status copy_from_device(const motes_patterns* patterns, Copied* copied, cudaStream_t stream, motes_error* error);

}  // namespace motes::cuda
