// Patterns in memory of their own on a device: copied there, or built there.
#pragma once
#include <array>

#include "cuda/families.hpp"
#include "cuda/matrix.hpp"

namespace motes::cuda {

// Counted from 0. `memory`: pieces of device memory in which the arrays are, those that are not needed null.
struct Stored {
  PatternsHeld held;
  int64_t n_lit, bytes;
  std::array<void*, 4> memory;
};
void release(const Stored& stored, cudaStream_t stream);

// All wait, so that every stream of the device may use what was stored.
motes_status copy_from_host(const motes_patterns* patterns, Stored* stored, cudaStream_t stream, motes_error* error);
motes_status copy_from_device(const motes_patterns* patterns, Stored* stored, cudaStream_t stream, motes_error* error);
// From the host's arrays, which were checked before, and of which all belongs to the patterns.
motes_status copy_checked(const motes_patterns& patterns, Stored* stored, cudaStream_t stream, motes_error* error);
// From a sparse matrix in device memory; where it has faults these are told, and nothing is stored.
motes_status build_of_rows(const MatrixGiven& matrix, MatrixFaults* faults, Stored* stored, cudaStream_t stream,
                           motes_error* error);
// From entries in device memory.
motes_status build(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, Stored* stored, cudaStream_t stream,
                   motes_error* error);
// Those of `which`, host memory, in its order; each was checked to be there.
motes_status take(const PatternsHeld& held, const int64_t* which, int64_t n, Stored* stored, cudaStream_t stream,
                  motes_error* error);

}  // namespace motes::cuda
