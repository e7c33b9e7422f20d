#include "cuda/abi/patterns.hpp"

#include <memory>

#include "cuda/abi/place.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

template <class Copy>
motes_status held_by(const Place& at, motes_cuda_patterns** held, Copy copy) {
  return guarded([&] {
    auto made = std::make_unique<motes_cuda_patterns>();
    made->device = at.device();
    if (const auto bad = copy(&made->copied)) return bad;
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
    return held_by(at, held, [&](Copied* copied) { return copy_from_host(patterns, copied, at.stream(), error); });
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
    return held_by(at, held, [&](Copied* copied) { return copy_from_device(patterns, copied, at.stream(), error); });
  });
}

motes_status motes_cuda_patterns_free(motes_cuda_patterns* held, const motes_cuda_run* run, motes_error* error) {
  if (!held) return MOTES_OK;
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_held(held)) return bad;
    release(held->copied.memory, at.stream());
    delete held;
    return MOTES_OK;
  });
}

motes_status motes_cuda_patterns_extents(const motes_cuda_patterns* held, int64_t* n_patterns, int64_t* n_pixels,
                                         int* device, int64_t* bytes, motes_error* error) {
  if (const auto bad = motes::validate_pointer("patterns", held, 1, error)) return bad;
  if (n_patterns) *n_patterns = held->copied.held.arrays.n_patterns;
  if (n_pixels) *n_pixels = held->copied.held.arrays.n_pixels;
  if (device) *device = held->device;
  if (bytes) *bytes = held->copied.bytes;
  return MOTES_OK;
}
