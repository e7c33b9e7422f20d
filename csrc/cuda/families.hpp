// The kernel families on a GPU, with the names and the refusals of motes.h. Patterns and outputs are in device memory,
// templates and sums in the host's; work goes to `stream` of the current device, in its order.
#pragma once
#include "cuda/device.hpp"
#include "motes/motes.h"

namespace motes::cuda {

// Checked patterns, on a device: the arrays of `arrays` are there, pixels with 16 readable bytes after their end.
struct PatternsHeld {
  motes_patterns arrays;
  double n_photons;
};

// out: (N, R), device memory. Returns before the work is done.
motes_status likelihood(const PatternsHeld&, const float* weights, const float* base, int64_t n_templates, float* out,
                        cudaStream_t stream, motes_error* error);
motes_status likelihood(const PatternsHeld&, const double* weights, const double* base, int64_t n_templates,
                        double* out, cudaStream_t stream, motes_error* error);

// label: (N), responsibility: (N, R), evidence: (N), device memory, each may be null. Returns before the work is done.
motes_status posterior(const PatternsHeld&, const float* weights, const float* base, int64_t n_templates,
                       int32_t* label, float* responsibility, float* evidence, cudaStream_t stream, motes_error* error);
motes_status posterior(const PatternsHeld&, const double* weights, const double* base, int64_t n_templates,
                       int32_t* label, double* responsibility, double* evidence, cudaStream_t stream,
                       motes_error* error);

// Waits for the sums.
motes_status sweep(const PatternsHeld&, const float* weights, const float* base, int64_t n_templates,
                   motes_assignment_rule rule, motes_sums* sums, cudaStream_t stream, motes_error* error);
motes_status sweep(const PatternsHeld&, const double* weights, const double* base, int64_t n_templates,
                   motes_assignment_rule rule, motes_sums* sums, cudaStream_t stream, motes_error* error);

// coefficients: (N, R), planes: (M, R), device memory. Waits for the largest coefficient.
motes_status backrotation(const PatternsHeld&, const float* coefficients, int64_t n_templates, double* planes,
                          cudaStream_t stream, motes_error* error);
motes_status backrotation(const PatternsHeld&, const double* coefficients, int64_t n_templates, double* planes,
                          cudaStream_t stream, motes_error* error);

// clusters->labels: (N), device memory; photons and members in the host's. Waits for these.
motes_status assignment(const PatternsHeld&, const double* weights, const double* base, int64_t n_clusters,
                        motes_clusters* clusters, cudaStream_t stream, motes_error* error);

}  // namespace motes::cuda
