// The kernel families on a GPU, with the names and the refusals of motes.h. Patterns and outputs are in device memory,
// templates and sums in the host's; work goes to `stream` of the current device, in its order.
#pragma once
#include <functional>

#include "cuda/device.hpp"
#include "cuda/patterns_part.hpp"
#include "motes/motes.h"

namespace motes::cuda {

struct Totals;

// Checked patterns, on a device: the arrays of `arrays` are there, pixels with 16 readable bytes after their end.
struct PatternsHeld {
  motes_patterns arrays;
  double n_photons;
};

// Device memory for `bytes`, in the order of the stream. Asked for again, it takes the place of what was given for that
// part before.
using PatternsRoom = std::function<motes_status(PatternsPart part, int64_t bytes, void** memory, motes_error* error)>;

// The largest of `size` numbers, -1 of none. Waits.
motes_status largest(const motes_integers& values, int64_t size, int64_t* largest, const char* name, cudaStream_t stream,
                     motes_error* error);
// Entries in device memory. Waits for how many photons there are.
motes_status ingest(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, const PatternsRoom& room,
                    PatternsHeld* held, cudaStream_t stream, motes_error* error);

// Of patterns that may be a range of others: see totals.hpp. Waits.
motes_status totals(const PatternsHeld&, Totals* totals, cudaStream_t stream, motes_error* error);
// photons: (M), of the host. Waits.
motes_status total_image(const PatternsHeld&, int64_t n_lit, int64_t* photons, cudaStream_t stream, motes_error* error);

// out: (N, R), device memory. Returns before the work is done.
motes_status likelihood(const PatternsHeld&, const float* weights, const float* base, int64_t n_templates, float* out,
                        cudaStream_t stream, motes_error* error);
motes_status likelihood(const PatternsHeld&, const double* weights, const double* base, int64_t n_templates,
                        double* out, cudaStream_t stream, motes_error* error);

// out: (N, R), device memory: -inf where a pattern's score is below zero, else as it was. Returns before the work is done.
motes_status rule_out(const PatternsHeld&, const float* weights, const float* base, int64_t n_templates, float* out,
                      cudaStream_t stream, motes_error* error);
motes_status rule_out(const PatternsHeld&, const double* weights, const double* base, int64_t n_templates, double* out,
                      cudaStream_t stream, motes_error* error);

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

// index: (R, M), the host's; master (M), templates and planes (M, R): device memory. Return before the work is done.
motes_status expand(const double* master, const int32_t* index, int64_t n_templates, int64_t n_pixels, double* templates,
                    cudaStream_t stream, motes_error* error);
motes_status rotate_home(const double* planes, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                         double* master, cudaStream_t stream, motes_error* error);

// coefficients: (N, R) or null, sums: (S, S), device memory; orbits in the host's. Waits for the check of the coefficients
// and for how many photons there are.
motes_status outer(const PatternsHeld&, const float* coefficients, const motes_orbits* orbits, bool coefficients_too,
                   double* sums, cudaStream_t stream, motes_error* error);

// clusters->labels: (N), device memory; photons and members in the host's. Waits for these.
motes_status assignment(const PatternsHeld&, const double* weights, const double* base, int64_t n_clusters,
                        motes_clusters* clusters, cudaStream_t stream, motes_error* error);

// Templates in device memory, their prior and the photons of each pixel in the host's: see means.hpp.
struct TemplatesGiven {
  const void* means;  // (R, M)
  int real_bytes;
  int64_t n_templates;
  const double* prior;     // (R) probabilities, and
  const int64_t* photons;  // (M); null for a likelihood
  bool poisson;
  double low, high;  // means are taken as the next inside
};
// The first mean outside 0 .. most, n where there is none, and what stands there. Waits.
motes_status check_means(const void* means, int real_bytes, int64_t n, double most, int64_t* index, double* value,
                         cudaStream_t stream, motes_error* error);
// planes (R, M), weights (R), told (nats; impossible patterns): device memory. Returns before the work is done.
motes_status sweep_templates(const PatternsHeld&, const TemplatesGiven&, motes_assignment_rule rule, bool in_double,
                             double* planes, double* weights, double* told, cudaStream_t stream, motes_error* error);

// out: (N, R) of float or double, device memory. Waits for whether a mean is 1, not for the work.
motes_status likelihood_templates(const PatternsHeld&, const TemplatesGiven&, bool in_double, void* out,
                                  cudaStream_t stream, motes_error* error);

}  // namespace motes::cuda
