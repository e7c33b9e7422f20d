// A container of checked patterns in the memory of a GPU: uploaded once, or built there.
#pragma once
#include <array>

#include "cuda/bindings/array.hpp"
#include "cuda/hold.hpp"

namespace motes::python {

class PatternsOnDevice {
 public:
  // Arrays of patterns that are counted from 0 (`motes.arrays.Arrays.own`), checked before.
  PatternsOnDevice(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
                   const py::object& multi_extra, int64_t n_pixels, int device, uint64_t stream);
  // From entries on the device; waits.
  PatternsOnDevice(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, int device, cudaStream_t stream);

  const cuda::PatternsHeld& held() const { return held_; }
  py::ssize_t size() const { return static_cast<py::ssize_t>(held_.arrays.n_patterns); }
  py::ssize_t n_pixels() const { return static_cast<py::ssize_t>(held_.arrays.n_pixels); }
  int64_t n_lit() const {
    require_whole();
    return n_lit_;
  }
  int64_t n_photons() const {
    require_whole();
    return n_lit_ + n_extra_;
  }
  int device() const { return device_; }
  int64_t nbytes() const { return bytes_; }
  // A range of these, which shares their memory.
  PatternsOnDevice rows(int64_t start, int64_t stop) const;
  // Those of `which` (int64, 0 .. N - 1), in memory of their own; waits.
  PatternsOnDevice take(const py::object& which, uint64_t stream) const;
  // The most photons in one pixel of one pattern; waits.
  int64_t max_count() const;
  // Photons of each pixel, in the host's memory.
  py::array total_image() const;
  // The four arrays, in the host's memory.
  py::tuple to_numpy() const;

 private:
  PatternsOnDevice(const cuda::Stored& stored, int device, cudaStream_t stream);
  void require_whole() const;

  int device_;
  int64_t bytes_ = 0, n_lit_ = 0, n_extra_ = 0;
  bool whole_ = true;
  std::array<std::shared_ptr<void>, 4> memory_;  // of each array, or of all
  cuda::PatternsHeld held_{};
};

}  // namespace motes::python
