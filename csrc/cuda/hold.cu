#include "cuda/hold.hpp"

#include <algorithm>
#include <numeric>

#include "cuda/check_patterns.hpp"
#include "cuda/patterns.hpp"
#include "cuda/queue.cuh"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

constexpr const char* kDoing = "CUDA: copying patterns";
constexpr int64_t kAlignment = 256;  // of each array in a piece of memory

struct Less {
  int64_t* numbers;
  int64_t by;
  MOTES_HD void operator()(int64_t i) const { numbers[i] -= by; }
};

struct Part {
  const void* from;
  int64_t bytes;
  int64_t room() const { return (bytes + kReadable + kAlignment - 1) / kAlignment * kAlignment; }
};

// Of patterns that were checked.
motes_status copy(const motes_patterns& x, const Checked& found, Stored* stored, cudaStream_t stream, motes_error* error) {
  StreamQueue queue(stream, kDoing, error);
  const int64_t n_lit = found.last - found.first;
  const Part parts[4] = {{x.indptr, (x.n_patterns + 1) * 8},
                         {static_cast<const char*>(x.pixels) + found.first * x.pixel_bytes, n_lit * x.pixel_bytes},
                         {x.multi_position, x.n_multi * 8},
                         {x.multi_extra, x.n_multi * 4}};
  *stored = {};
  stored->n_lit = n_lit;
  for (const auto& part : parts) stored->bytes += part.room();
  if (const auto bad = allocate(stored->bytes, stream, stored->memory.data(), error)) return bad;
  char* places[4];
  char* next = static_cast<char*>(stored->memory[0]);
  cudaError_t code = cudaSuccess;
  for (int k = 0; k < 4; ++k) {
    places[k] = next;
    next += parts[k].room();
    if (parts[k].bytes > 0 && code == cudaSuccess)
      code = cudaMemcpyAsync(places[k], parts[k].from, static_cast<size_t>(parts[k].bytes), cudaMemcpyDefault, stream);
  }
  auto* const indptr = reinterpret_cast<int64_t*>(places[0]);
  auto* const position = reinterpret_cast<int64_t*>(places[2]);
  if (code == cudaSuccess && found.first > 0) {
    for_each(queue, x.n_patterns + 1, Less{indptr, found.first});
    for_each(queue, x.n_multi, Less{position, found.first});
  }
  // also after a failure: copies that were begun read the caller's memory until then
  if (const auto waited = cudaStreamSynchronize(stream); code == cudaSuccess) code = waited;
  auto status = queue.status();
  if (status) cudaGetLastError();
  else status = told(code, kDoing, error);
  if (status) {
    release(*stored, stream);
    return status;
  }
  stored->held = {x, static_cast<double>(x.n_patterns) + static_cast<double>(found.n_extra)};
  stored->held.arrays.indptr = indptr;
  stored->held.arrays.pixels = places[1];
  stored->held.arrays.multi_position = position;
  stored->held.arrays.multi_extra = reinterpret_cast<const int32_t*>(places[3]);
  return MOTES_OK;
}

}  // namespace

void release(const Stored& stored, cudaStream_t stream) {
  for (void* const memory : stored.memory) release(memory, stream);
}

motes_status copy_checked(const motes_patterns& patterns, Stored* stored, cudaStream_t stream, motes_error* error) {
  Checked found{patterns.indptr[0], patterns.indptr[patterns.n_patterns], 0};
  for (int64_t m = 0; m < patterns.n_multi; ++m) found.n_extra += patterns.multi_extra[m];
  return guarded([&] { return copy(patterns, found, stored, stream, error); });
}

motes_status copy_from_host(const motes_patterns* patterns, Stored* stored, cudaStream_t stream, motes_error* error) {
  if (const auto bad = motes_check_patterns(patterns, error)) return bad;
  motes_patterns part = *patterns;  // without what belongs to patterns outside of it
  const auto* const begin = part.multi_position;
  const auto* const from = std::lower_bound(begin, begin + part.n_multi, part.indptr[0]);
  const auto* const to = std::lower_bound(from, begin + part.n_multi, part.indptr[part.n_patterns]);
  part.multi_position = from;
  part.multi_extra += from - begin;
  part.n_multi = to - from;
  return copy_checked(part, stored, stream, error);
}

motes_status copy_from_device(const motes_patterns* patterns, Stored* stored, cudaStream_t stream, motes_error* error) {
  return guarded([&] {
    Checked found{};
    StreamQueue queue(stream, kDoing, error);
    if (const auto bad = check(queue, patterns, &found, error)) return bad;
    if (!queue.fine()) return queue.status();
    return copy(*patterns, found, stored, stream, error);
  });
}

motes_status build(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, Stored* stored, cudaStream_t stream,
                   motes_error* error) {
  *stored = {};
  std::array<int64_t, 4> bytes{};
  const auto room = [&](PatternsPart part, int64_t asked, void** memory, motes_error* room_error) {
    const auto k = static_cast<size_t>(part);
    release(stored->memory[k], stream);
    stored->memory[k] = nullptr;
    bytes[k] = asked;
    const auto asking = allocate(asked, stream, &stored->memory[k], room_error);
    *memory = stored->memory[k];
    return asking;
  };
  const auto status = guarded([&] {
    if (const auto bad = ingest(entries, n_patterns, n_pixels, room, &stored->held, stream, error)) return bad;
    StreamQueue queue(stream, kDoing, error);
    stored->n_lit = queue.read(stored->held.arrays.indptr + n_patterns);  // waits for all of it
    return queue.status();
  });
  if (status) release(*stored, stream);
  stored->bytes = std::accumulate(bytes.begin(), bytes.end(), int64_t{0});
  return status;
}

}  // namespace motes::cuda
