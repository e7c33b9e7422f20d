#include "queue.hpp"

#include <cstdlib>
#include <map>

#include "containers.hpp"
#include "cuda/csr.hpp"
#include "cuda/ingest.hpp"
#include "cuda/total_image.hpp"
#include "cuda/totals.hpp"

using namespace motes;

namespace {

struct Room {
  template <class T>
  T* of(cuda::PatternsPart part, int64_t n) {
    auto& memory = parts[part];
    memory.assign(static_cast<size_t>(n) * sizeof(T) + 64, 0x41);
    return reinterpret_cast<T*>(memory.data());
  }
  std::map<cuda::PatternsPart, std::vector<unsigned char>> parts;
};

}  // namespace

// Arrays as large as there are entries; found: fault kind (-1: none), its index, too many, n_lit, n_multi, extra, launches.
extern "C" int ingest(int64_t size, const void* rows, int64_t row_type, const void* cols, int64_t col_type,
                      const void* counts, int64_t count_type, int64_t n_patterns, int64_t n_pixels, int64_t* indptr,
                      void* pixels, int64_t* position, int32_t* extra, int64_t* found, int order) {
  cuda::HostQueue queue(order);
  const motes_coo entries{size, {rows, static_cast<motes_integer>(row_type)}, {cols, static_cast<motes_integer>(col_type)},
                          {counts, static_cast<motes_integer>(count_type)}};
  Room room;
  const auto done = cuda::ingest(queue, entries, n_patterns, n_pixels, room);
  std::fill_n(found, 7, int64_t{0});
  found[0] = done.fault == cuda::Fault::kNone ? -1 : cuda::Fault::kind(done.fault);
  found[1] = cuda::Fault::index(done.fault);
  found[2] = done.too_many;
  found[6] = queue.n_launches();
  if (found[0] >= 0 || done.too_many || queue.verdict()) return queue.verdict();
  const auto& x = done.arrays;
  found[3] = x.indptr[n_patterns];
  found[4] = x.n_multi;
  found[5] = done.extra;
  std::copy_n(x.indptr, n_patterns + 1, indptr);
  std::memcpy(pixels, x.pixels, static_cast<size_t>(found[3] * x.pixel_bytes));
  std::copy_n(x.multi_position, x.n_multi, position);
  std::copy_n(x.multi_extra, x.n_multi, extra);
  return queue.verdict();
}

// found: the largest, and where the first negative one is.
extern "C" int largest(const void* values, int64_t type, int64_t size, int64_t* found, int order) {
  cuda::HostQueue queue(order);
  const auto seen = cuda::largest_of(queue, {values, static_cast<motes_integer>(type)}, size);
  found[0] = seen.largest;
  found[1] = seen.negative_at;
  return queue.verdict();
}

// Entries of a matrix of counts; found: the first row and entry that are wrong, and whether there are counts.
extern "C" int entries_of_matrix(const int64_t* indptr, int64_t n_rows, const void* counts, int64_t type, int64_t real_bytes,
                                 int64_t* row, int64_t* count, int64_t* found, int order) {
  cuda::HostQueue queue(order);
  const int64_t n = found[0];
  const motes_integers whole{real_bytes > 0 ? nullptr : counts, static_cast<motes_integer>(type)};
  const cuda::MatrixGiven matrix{
      n_rows, 1, n, {indptr, MOTES_INT64}, {indptr, MOTES_INT64}, whole, counts, static_cast<int>(real_bytes)};
  const auto faults = cuda::faults_of(queue, matrix);
  found[0] = faults.row;
  found[1] = faults.entry;
  found[2] = 0;
  if (faults.row <= n_rows || faults.entry < n) return queue.verdict();
  const auto entries = cuda::entries_of(queue, matrix);
  std::copy_n(static_cast<const int64_t*>(entries.row.data), n, row);
  if (entries.count.data) std::copy_n(static_cast<const int64_t*>(entries.count.data), n, count);
  found[2] = entries.count.data != nullptr;
  return queue.verdict();
}

// Of patterns start .. stop - 1: pixels lit, photons beyond the first of theirs, the most of one.
extern "C" int totals(const cuda::PatternsGiven* given, int64_t start, int64_t stop, int64_t* found, int order) {
  return given->with([&](auto patterns) {
    cuda::HostQueue queue(order);
    patterns.indptr += start;
    patterns.n_patterns = stop - start;
    const auto totals = cuda::totals_of(queue, patterns);
    found[0] = totals.n_lit;
    found[1] = totals.n_extra;
    found[2] = totals.most_extra;
    return queue.verdict();
  });
}

extern "C" int total_image(const cuda::PatternsGiven* given, int64_t* photons, int order) {
  return given->with([&](const auto& patterns) {
    cuda::HostQueue queue(order);
    cuda::total_image(queue, patterns, patterns.indptr[patterns.n_patterns] - patterns.indptr[0], photons);
    return queue.verdict();
  });
}
