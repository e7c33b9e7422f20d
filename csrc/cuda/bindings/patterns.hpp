// A container of checked patterns in the memory of a GPU: uploaded once, or built there.
#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "cuda/bindings/array.hpp"
#include "cuda/hold.hpp"
#include "cuda/totals.hpp"

namespace motes::python {

class PatternsOnDevice {
 public:
  // Arrays of patterns that are counted from 0 (`motes.arrays.Arrays.own`), checked before.
  PatternsOnDevice(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
                   const py::object& multi_extra, int64_t n_pixels, int device, const Stream& stream);
  // From a matrix on the device, or, where it has faults, of none; waits.
  PatternsOnDevice(const cuda::MatrixGiven& matrix, cuda::MatrixFaults* faults, int device, const Stream& stream);
  // From entries on the device; waits.
  PatternsOnDevice(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, int device, const Stream& stream);

  const cuda::PatternsHeld& held() const { return held_; }
  py::ssize_t size() const { return static_cast<py::ssize_t>(held_.arrays.n_patterns); }
  py::ssize_t n_pixels() const { return static_cast<py::ssize_t>(held_.arrays.n_pixels); }
  // The next three wait where nobody asked before; total_image always does.
  int64_t n_lit() const { return totals().n_lit; }
  int64_t n_photons() const {
    const auto sums = totals();
    return sums.n_lit + sums.n_extra;
  }
  // The most photons in one pixel of one pattern.
  int64_t max_count() const;
  // Photons of each pixel, in the host's memory.
  py::array total_image() const;
  int device() const { return device_; }
  int64_t nbytes() const { return bytes_; }
  // A range of these, which shares their memory.
  PatternsOnDevice rows(int64_t start, int64_t stop) const;
  // Those of `which` (int64, 0 .. N - 1), in memory of their own; waits.
  PatternsOnDevice take(const py::object& which, const Stream& stream) const;
  // Their lit pixels with one photon each, in the same memory.
  PatternsOnDevice binarised() const;
  // The four arrays, in the host's memory.
  py::tuple to_numpy() const;

 private:
  PatternsOnDevice(const cuda::Stored& stored, int device, const Stream& stream);
  cuda::Totals totals() const;

  int device_;
  int64_t bytes_ = 0;
  bool whole_ = true;
  std::array<std::shared_ptr<void>, 4> memory_;  // of each array, or of all
  cuda::PatternsHeld held_{};
  // What was asked for once; for a Python without a lock of its own, too. Copies of the same patterns share it.
  struct Known {
    std::mutex lock;
    std::optional<cuda::Totals> totals;
  };
  std::shared_ptr<Known> known_ = std::make_shared<Known>();
};

}  // namespace motes::python
