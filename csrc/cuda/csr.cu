#include "cuda/csr.hpp"

#include "cuda/hold.hpp"
#include "cuda/queue.cuh"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

motes_status build_of_rows(const MatrixGiven& matrix, MatrixFaults* faults, Stored* stored, cudaStream_t stream,
                           motes_error* error) {
  *stored = {};
  if (const auto bad = validate_integers("indptr", matrix.indptr, matrix.n_rows + 1, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: ingest", error);
    *faults = faults_of(queue, matrix);
    if (!queue.fine() || faults->row <= matrix.n_rows || faults->entry < matrix.n_entries) return queue.status();
    const auto entries = entries_of(queue, matrix);
    return queue.fine() ? build(entries, matrix.n_rows, matrix.n_columns, stored, stream, error) : queue.status();
  });
}

}  // namespace motes::cuda
