// Circles as Python hands them over, for a GPU: device arrays as they are, those of NumPy copied there.
#pragma once
#include "bindings/detections.hpp"
#include "cuda/bindings/array.hpp"

namespace motes::python {

inline int real_bytes_of(const DeviceArray& array) { return static_cast<int>(array.dtype.itemsize()); }

// Of the same real type as others.
DeviceArray same_reals_on_device(const py::object& value, const char* name, int real_bytes,
                                 std::initializer_list<py::ssize_t> shape, int device, const Stream& stream);

// The arrays behind a motes_circles, kept alive.
struct CirclesOnDevice {
  CirclesOnDevice(const py::object& centres_, const py::object& radii_, const char* prefix, int device, const Stream& stream);
  DeviceArray centres, radii;
  motes_circles c;
};

}  // namespace motes::python
