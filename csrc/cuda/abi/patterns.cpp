#include "cuda/abi/patterns.hpp"

#include <memory>

#include "cuda/abi/place.hpp"
#include "dispatch/guarded.hpp"
#include "dispatch/ingest.hpp"

namespace motes::cuda {
namespace {

template <class Store>
motes_status held_by(const Place& at, motes_cuda_patterns** held, Store store) {
  return guarded([&] {
    auto made = std::make_unique<motes_cuda_patterns>();
    made->device = at.device();
    if (const auto bad = store(&made->stored)) return bad;
    *held = made.release();
    return MOTES_OK;
  });
}

}  // namespace
}  // namespace motes::cuda

using namespace motes::cuda;

motes_status motes_cuda_patterns_from_host(const motes_patterns* patterns, motes_cuda_patterns** held,
                                           const motes_cuda_run* run, motes_error* error) {
  if (const auto bad = motes::validate_pointer("held", held, 1, error)) return bad;
  *held = nullptr;
  return at_place(run, error, [&](const Place& at) {
    return held_by(at, held, [&](Stored* stored) { return copy_from_host(patterns, stored, at.stream(), error); });
  });
}

motes_status motes_cuda_patterns_from_device(const motes_patterns* patterns, motes_cuda_patterns** held,
                                             const motes_cuda_run* run, motes_error* error) {
  if (const auto bad = motes::validate_pointer("held", held, 1, error)) return bad;
  *held = nullptr;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = motes::validate_extents(patterns, error)) return bad;
    if (const auto bad = at.validate_memory("patterns.indptr", patterns->indptr, 1)) return bad;
    if (const auto bad = at.validate_optional("patterns.pixels", patterns->pixels)) return bad;
    if (const auto bad = at.validate_memory("patterns.multi_position", patterns->multi_position, patterns->n_multi))
      return bad;
    if (const auto bad = at.validate_memory("patterns.multi_extra", patterns->multi_extra, patterns->n_multi)) return bad;
    return held_by(at, held, [&](Stored* stored) { return copy_from_device(patterns, stored, at.stream(), error); });
  });
}

motes_status motes_cuda_largest(motes_integers values, int64_t size, int64_t* largest, const char* name,
                                const motes_cuda_run* run, motes_error* error) {
  if (const auto bad = motes::validate_pointer("largest", largest, 1, error)) return bad;
  if (const auto bad = motes::validate_pointer("name", name, 1, error)) return bad;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_memory(name, values.data, size)) return bad;
    return motes::cuda::largest(values, size, largest, name, at.stream(), error);
  });
}

motes_status motes_cuda_ingest(const motes_coo* entries, int64_t n_patterns, int64_t n_pixels,
                               motes_cuda_patterns** held, const motes_cuda_run* run, motes_error* error) {
  if (const auto bad = motes::validate_pointer("held", held, 1, error)) return bad;
  *held = nullptr;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = motes::validate_pointer("entries", entries, 1, error)) return bad;
    if (const auto bad = motes::validate_entries(entries, n_patterns, n_pixels, error)) return bad;
    if (const auto bad = at.validate_memory("rows", entries->row.data, entries->size)) return bad;
    if (const auto bad = at.validate_memory("cols", entries->column.data, entries->size)) return bad;
    if (const auto bad = at.validate_optional("counts", entries->count.data)) return bad;
    return held_by(at, held, [&](Stored* stored) {
      return build(*entries, n_patterns, n_pixels, stored, at.stream(), error);
    });
  });
}

motes_status motes_cuda_take(const motes_cuda_patterns* patterns, const int64_t* which, int64_t n_which,
                             motes_cuda_patterns** held, const motes_cuda_run* run, motes_error* error) {
  if (const auto bad = motes::validate_pointer("held", held, 1, error)) return bad;
  *held = nullptr;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    const auto& from = patterns->stored.held;
    if (const auto bad = motes::validate_which(which, n_which, from.arrays.n_patterns, error)) return bad;
    return held_by(at, held, [&](Stored* stored) { return take(from, which, n_which, stored, at.stream(), error); });
  });
}

motes_status motes_cuda_total_image(const motes_cuda_patterns* patterns, int64_t* photons, const motes_cuda_run* run,
                                    motes_error* error) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(patterns)) return bad;
    const auto& stored = patterns->stored;
    if (const auto bad = motes::validate_pointer("photons", photons, stored.held.arrays.n_pixels, error)) return bad;
    return total_image(stored.held, stored.n_lit, photons, at.stream(), error);
  });
}

motes_status motes_cuda_patterns_free(motes_cuda_patterns* held, const motes_cuda_run* run, motes_error* error) {
  if (!held) return MOTES_OK;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(held)) return bad;
    release(held->stored, at.stream());
    delete held;
    return MOTES_OK;
  });
}

motes_status motes_cuda_patterns_extents(const motes_cuda_patterns* held, int64_t* n_patterns, int64_t* n_pixels,
                                         int* device, int64_t* bytes, motes_error* error) {
  if (const auto bad = motes::validate_pointer("patterns", held, 1, error)) return bad;
  if (n_patterns) *n_patterns = held->stored.held.arrays.n_patterns;
  if (n_pixels) *n_pixels = held->stored.held.arrays.n_pixels;
  if (device) *device = held->device;
  if (bytes) *bytes = held->stored.bytes;
  return MOTES_OK;
}
