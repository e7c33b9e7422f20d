#include "cuda/take.hpp"

#include <initializer_list>

#include "cuda/hold.hpp"
#include "cuda/queue.cuh"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

// Memory for the arrays from the one of number `first` on.
motes_status more(Stored* stored, size_t first, std::initializer_list<int64_t> bytes, cudaStream_t stream,
                  motes_error* error) {
  for (const int64_t each : bytes) {
    if (const auto bad = allocate(each + kReadable, stream, &stored->memory[first++], error)) return bad;
    stored->bytes += each + kReadable;
  }
  return MOTES_OK;
}

template <class Pixel>
motes_status taken(const PatternsOn<Pixel>& patterns, const int64_t* which, int64_t n, Stored* stored,
                   cudaStream_t stream, motes_error* error) {
  StreamQueue queue(stream, "CUDA: taking patterns", error);
  if (const auto bad = more(stored, 0, {8 * (n + 1)}, stream, error)) return bad;
  auto* const indptr = static_cast<int64_t*>(stored->memory[0]);
  const auto taking = lengths_of(queue, patterns, queue.upload(which, n), n, indptr);
  if (!queue.fine()) return queue.status();
  const auto pixel_bytes = static_cast<int>(sizeof(Pixel));
  if (const auto bad = more(stored, 1, {pixel_bytes * taking.n_lit, 8 * taking.n_multi, 4 * taking.n_multi}, stream, error))
    return bad;
  auto* const pixels = static_cast<Pixel*>(stored->memory[1]);
  auto* const position = static_cast<int64_t*>(stored->memory[2]);
  auto* const extra = static_cast<int32_t*>(stored->memory[3]);
  const int64_t n_extra = copy_photons(queue, taking, pixels, position, extra);
  stored->n_lit = taking.n_lit;
  stored->held = {{sizeof(motes_patterns), n, patterns.n_pixels, indptr, pixels, pixel_bytes, taking.n_multi, position, extra},
                  static_cast<double>(n) + static_cast<double>(n_extra)};
  return queue.status();
}

}  // namespace

motes_status take(const PatternsHeld& held, const int64_t* which, int64_t n, Stored* stored, cudaStream_t stream,
                  motes_error* error) {
  *stored = {};
  const auto status = guarded([&] {
    return with_pixels(held.arrays,
                       [&](const auto& patterns) { return taken(patterns, which, n, stored, stream, error); });
  });
  if (status) release(*stored, stream);
  return status;
}

}  // namespace motes::cuda
