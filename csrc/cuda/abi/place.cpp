#include "cuda/abi/place.hpp"

#include "cuda/abi/patterns.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

motes_status Place::validate_memory(const char* name, const void* memory, int64_t size) const {
  if (size <= 0) return MOTES_OK;
  if (const auto bad = validate_pointer(name, memory, size, error_)) return bad;
  cudaPointerAttributes where{};
  if (const auto bad = told(cudaPointerGetAttributes(&where, memory), "CUDA: an array's memory", error_)) return bad;
  if (where.type == cudaMemoryTypeUnregistered)
    return refuse(error_, -1, "%s: expected memory of cuda:%d, got the host's", name, device_);
  if (where.type == cudaMemoryTypeDevice && where.device != device_)
    return refuse(error_, -1, "%s: expected memory of cuda:%d, got that of cuda:%d", name, device_, where.device);
  return MOTES_OK;  // managed, or pinned: this device reaches it, too
}

motes_status Place::validate_arrays(const char* name, const motes_circles* circles) const {
  if (!circles) return refuse(error_, -1, "%s: null pointer", name);
  if (const auto bad = validate_memory("centres", circles->centre, circles->n)) return bad;
  return validate_memory("radii", circles->radius, circles->n);
}

motes_status Place::validate_arrays(const char* name, const motes_boxes* boxes) const {
  if (!boxes) return refuse(error_, -1, "%s: null pointer", name);
  if (const auto bad = validate_memory("corners", boxes->corner, boxes->n)) return bad;
  return validate_memory("sizes", boxes->size, boxes->n);
}

motes_status Place::validate_held(const motes_cuda_patterns* held) const {
  if (!held) return refuse(error_, -1, "patterns: null pointer");
  if (held->device == device_) return MOTES_OK;
  return refuse(error_, -1, "patterns: expected them on cuda:%d, got them on cuda:%d", device_, held->device);
}

motes_status validate_run(const motes_cuda_run* run, motes_error* error) {
  return run ? validate_struct("run", run, error) : MOTES_OK;
}

motes_status with_text(motes_status status, motes_error* error) {
  return status && error && !*error->text ? tell(status, error) : status;
}

}  // namespace motes::cuda
