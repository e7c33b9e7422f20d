// The container as the kernels see it: it keeps the NumPy arrays alive and hands out pointers.
#pragma once
#include "bindings/wall.hpp"

namespace motes::python {

class PatternsView {
 public:
  PatternsView(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
               const py::object& multi_extra, int64_t n_pixels, bool check_photons);
  const motes_patterns& c() const { return view_; }
  py::ssize_t size() const { return static_cast<py::ssize_t>(view_.n_patterns); }
  py::ssize_t n_pixels() const { return static_cast<py::ssize_t>(view_.n_pixels); }

 private:
  py::array indptr_, pixels_, multi_position_, multi_extra_;
  motes_patterns view_;
};

}  // namespace motes::python
