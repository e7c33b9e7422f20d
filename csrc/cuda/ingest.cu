#include "cuda/ingest.hpp"

#include "cuda/families.hpp"
#include "cuda/patterns.hpp"
#include "cuda/queue.cuh"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

struct Room {
  const PatternsRoom& room;
  motes_error* error;

  template <class T>
  T* of(PatternsPart part, int64_t n) const {
    void* memory = nullptr;
    const auto status = room(part, n * static_cast<int64_t>(sizeof(T)) + kReadable, &memory, error);
    if (status != MOTES_OK) throw Failed{status};
    return static_cast<T*>(memory);
  }
};

// The value at an index, as int64.
int64_t value_at(StreamQueue& queue, const motes_integers& values, int64_t i) {
  return with_integer(values.type, [&]<class T>(T) {
    return static_cast<int64_t>(queue.read(static_cast<const T*>(values.data) + i));
  });
}

motes_status report(StreamQueue& queue, int64_t fault, const motes_coo& entries, int64_t n_patterns, int64_t n_pixels,
                    motes_error* error) {
  const int64_t at = Fault::index(fault);
  const auto outside = [&](const char* name, const motes_integers& values, int64_t limit) {
    const int64_t value = value_at(queue, values, at);
    return queue.fine() ? refuse_outside(name, values.type, value, at, limit, error) : queue.status();
  };
  switch (Fault::kind(fault)) {
    case Fault::kRow: return outside("rows", entries.row, n_patterns);
    case Fault::kColumn: return outside("cols", entries.column, n_pixels);
    default: return outside("counts", entries.count, kCountLimit);
  }
}

}  // namespace

motes_status largest(const motes_integers& values, int64_t size, int64_t* largest, const char* name, cudaStream_t stream,
                     motes_error* error) {
  if (const auto bad = validate_integers(name, values, size, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: ingest", error);
    const auto found = largest_of(queue, values, size);
    if (!queue.fine()) return queue.status();
    if (found.negative_at < size) return refuse_negative(name, values.type, found.negative_at, error);
    *largest = found.largest;
    return MOTES_OK;
  });
}

motes_status ingest(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, const PatternsRoom& room,
                    PatternsHeld* held, cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_entries(&entries, n_patterns, n_pixels, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: ingest", error);
    const Ingested found = ingest(queue, entries, n_patterns, n_pixels, Room{room, error});
    if (!queue.fine()) return queue.status();
    if (found.fault != Fault::kNone) return report(queue, found.fault, entries, n_patterns, n_pixels, error);
    if (found.too_many) return refuse_sum_of_counts(error);
    *held = {found.arrays, static_cast<double>(n_patterns) + static_cast<double>(found.extra)};
    return MOTES_OK;
  });
}

}  // namespace motes::cuda
