// Device arrays from other libraries and for them: through DLPack (dlpack.cpp) and __cuda_array_interface__ (foreign.cpp).
#pragma once
#include <string>
#include <vector>

#include "cuda/bindings/array.hpp"

namespace motes::python {

py::tuple shape_tuple(const std::vector<py::ssize_t>& shape);
// Strides in numbers.
bool is_contiguous(const std::vector<py::ssize_t>& shape, const std::vector<py::ssize_t>& strides);
[[noreturn]] void refuse_layout(const std::string& name);
[[noreturn]] void refuse_place(const std::string& name, int device);
// What would fault in a kernel, for good: after such an error CUDA does nothing more for the process.
void require_address(const DeviceArray& array, const std::string& name);

// The producer makes the array ready on `stream`.
DeviceArray from_dlpack(const py::object& value, const std::string& name, int device, const Stream& stream);
py::object to_dlpack(const DeviceArray& array, const py::object& stream, const py::object& max_version,
                     const py::object& dl_device, const py::object& copy);

// Its own stream is waited for on `stream`.
DeviceArray from_interface(const py::object& value, const std::string& name, int device, const Stream& stream);
py::dict interface_of(const DeviceArray& array);

}  // namespace motes::python
