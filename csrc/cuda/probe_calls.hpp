// The yardsticks of probes.hpp, launched with as many blocks as the device runs at once. They return before the work is
// done, and say how many probes it is.
#pragma once
#include "cuda/device.hpp"

namespace motes::cuda {

// sums: (4), device memory.
motes_status probe_reads(int64_t n_rows, int64_t n_each, int64_t* sums, int64_t* n_probes, cudaStream_t stream,
                         motes_error* error);

// counts: (n_rows, 4), or (4, n_rows) where planar; device memory.
motes_status probe_additions(int64_t n_rows, int64_t n_each, bool planar, int64_t* counts, int64_t* n_probes,
                             cudaStream_t stream, motes_error* error);

}  // namespace motes::cuda
