#include "cuda/probes.hpp"

#include "cuda/launch.cuh"
#include "cuda/probe_calls.hpp"
#include "dispatch/validate.hpp"

namespace motes::cuda {
namespace {

template <class Kernel>
motes_status run(Kernel kernel, int64_t* sums, int64_t n_sums, int64_t* n_probes, cudaStream_t stream,
                 motes_error* error) {
  Limits limits;
  if (const auto bad = limits_of_current(&limits, error)) return bad;
  if (kernel.n_rows < 1 || kernel.shared_bytes() > limits.shared_per_block)
    return refuse(error, -1, "n_rows: expected rows that fit the shared memory of a block, got %lld",
                  static_cast<long long>(kernel.n_rows));
  if (kernel.n_each < 1 || kernel.n_each > kMostProbes)
    return refuse(error, -1, "n_each: expected 1 to %lld, got %lld", static_cast<long long>(kMostProbes),
                  static_cast<long long>(kernel.n_each));
  kernel.n_blocks = resident_blocks(kernel, limits.multiprocessors);
  *n_probes = kernel.n_blocks * Kernel::kThreads * kernel.n_each;
  const auto code = cudaMemsetAsync(sums, 0, static_cast<size_t>(n_sums) * sizeof(int64_t), stream);
  if (const auto bad = told(code, "CUDA: probe", error)) return bad;
  return launch(kernel, stream, "CUDA: probe", error);
}

}  // namespace

motes_status probe_reads(int64_t n_rows, int64_t n_each, int64_t* sums, int64_t* n_probes, cudaStream_t stream,
                         motes_error* error) {
  return run(Reads{n_rows, n_each, 1, sums}, sums, kWidth, n_probes, stream, error);
}

motes_status probe_additions(int64_t n_rows, int64_t n_each, bool planar, int64_t* counts, int64_t* n_probes,
                             cudaStream_t stream, motes_error* error) {
  const int64_t n_counts = kWidth * n_rows;
  if (planar) return run(Additions<true>{n_rows, n_each, 1, counts}, counts, n_counts, n_probes, stream, error);
  return run(Additions<false>{n_rows, n_each, 1, counts}, counts, n_counts, n_probes, stream, error);
}

}  // namespace motes::cuda
