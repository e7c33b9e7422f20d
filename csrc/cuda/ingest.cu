#include "cuda/ingest.hpp"

#include "cuda/families.hpp"
#include "cuda/queue.cuh"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

constexpr int64_t kReadable = 16;  // bytes after the end of pixels: see patterns.hpp

struct NoRoom {
  motes_status status;
};

struct Room {
  const PatternsRoom& room;
  motes_error* error;

  template <class T>
  T* of(PatternsPart part, int64_t n) const {
    void* memory = nullptr;
    const auto status = room(part, n * static_cast<int64_t>(sizeof(T)) + kReadable, &memory, error);
    if (status != MOTES_OK) throw NoRoom{status};
    return static_cast<T*>(memory);
  }
};

// The value at an index, as int64.
int64_t value_at(StreamQueue& queue, const motes_integers& values, int64_t i) {
  const auto as = [&]<class T>(T) { return static_cast<int64_t>(queue.read(static_cast<const T*>(values.data) + i)); };
  switch (values.type) {
    case MOTES_INT8: return as(int8_t{});
    case MOTES_UINT8: return as(uint8_t{});
    case MOTES_INT16: return as(int16_t{});
    case MOTES_UINT16: return as(uint16_t{});
    case MOTES_INT32: return as(int32_t{});
    case MOTES_UINT32: return as(uint32_t{});
    case MOTES_INT64: return as(int64_t{});
    default: return as(uint64_t{});
  }
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
    Ingested found;
    try {
      found = ingest(queue, entries, n_patterns, n_pixels, Room{room, error});
    } catch (const NoRoom& none) {
      return none.status;
    }
    if (!queue.fine()) return queue.status();
    if (found.fault != Fault::kNone) return report(queue, found.fault, entries, n_patterns, n_pixels, error);
    if (found.too_many) return refuse_sum_of_counts(error);
    *held = {found.arrays, static_cast<double>(n_patterns) + static_cast<double>(found.extra)};
    return MOTES_OK;
  });
}

}  // namespace motes::cuda
