// The likelihood of families.hpp with weights (M, R) and bases (R) that are in device memory, too. Waits for their check,
// not for the work.
#pragma once
#include "cuda/families.hpp"

namespace motes::cuda {

motes_status likelihood_there(const PatternsHeld&, const float* weights, const float* base, int64_t n_templates,
                              float* out, cudaStream_t stream, motes_error* error);
motes_status likelihood_there(const PatternsHeld&, const double* weights, const double* base, int64_t n_templates,
                              double* out, cudaStream_t stream, motes_error* error);

}  // namespace motes::cuda
