// A container of checked patterns, uploaded once.
#pragma once
#include "cuda/bindings/array.hpp"
#include "cuda/families.hpp"

namespace motes::python {

class PatternsOnDevice {
 public:
  // Arrays of patterns that are counted from 0 (`motes.arrays.Arrays.own`), checked before.
  PatternsOnDevice(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
                   const py::object& multi_extra, int64_t n_pixels, int device, uint64_t stream);
  const cuda::PatternsHeld& held() const { return held_; }
  py::ssize_t size() const { return static_cast<py::ssize_t>(held_.arrays.n_patterns); }
  py::ssize_t n_pixels() const { return static_cast<py::ssize_t>(held_.arrays.n_pixels); }
  int device() const { return device_; }
  int64_t nbytes() const { return bytes_; }
  // A range of these, which shares their memory.
  PatternsOnDevice rows(int64_t start, int64_t stop) const;

 private:
  int device_;
  int64_t bytes_ = 0;
  std::shared_ptr<void> memory_;
  cuda::PatternsHeld held_;
};

}  // namespace motes::python
