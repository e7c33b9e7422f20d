// The border of libmotes_cuda: nothing is thrown across it, and what a caller says of devices and their memory is looked
// at before anything runs there, so that no wrong pointer leaves the process with a device that is lost.
#pragma once
#include "cuda/device.hpp"
#include "dispatch/circles.hpp"
#include "motes/motes_cuda.h"

namespace motes::cuda {

// Where a call runs: a device that is there, and current.
class Place {
 public:
  Place(const motes_cuda_run& run, motes_error* error)
      : device_(run.device), stream_(static_cast<cudaStream_t>(run.stream)), error_(error) {}
  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }
  motes_error* error() const { return error_; }

  // `size` values that this device can read and write.
  motes_status validate_memory(const char* name, const void* memory, int64_t size) const;
  // The same of what may be null, or whose size the call itself checks.
  motes_status validate_optional(const char* name, const void* memory) const {
    return validate_memory(name, memory, memory ? 1 : 0);
  }
  motes_status validate_arrays(const char* name, const motes_circles* circles) const;
  motes_status validate_arrays(const char* name, const motes_boxes* boxes) const;
  motes_status validate_held(const motes_cuda_patterns* held) const;

 private:
  int device_;
  cudaStream_t stream_;
  motes_error* error_;
};

motes_status validate_run(const motes_cuda_run* run, motes_error* error);
// A sentence for a failure that left none.
motes_status with_text(motes_status status, motes_error* error);

// call(Place) -> status, with the device of `run` current.
template <class Call>
motes_status at_place(const motes_cuda_run* run, motes_error* error, Call&& call) {
  if (error) *error = {{}, -1};
  if (const auto bad = validate_run(run, error)) return bad;
  const motes_cuda_run given = run ? *run : motes_cuda_run MOTES_CUDA_RUN_INIT;
  if (const auto bad = validate_device(given.device, error)) return bad;
  const Current current(given.device);
  if (const auto bad = told(current.failed(), "CUDA: choosing a device", error)) return bad;
  return with_text(call(Place(given, error)), error);
}

}  // namespace motes::cuda
