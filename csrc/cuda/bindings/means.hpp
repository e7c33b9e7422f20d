// Templates in the memory of a GPU, as Python hands them over.
#pragma once
#include <utility>

#include "cuda/bindings/array.hpp"

namespace motes::python {

// (R, H, W) means from 0 to `most` of all `n_pixels`, refused in the words of motes.kernels.likelihood.check_templates.
// Waits.
DeviceArray means_on_device(const py::object& templates, const std::pair<int, int>& shape, py::ssize_t n_pixels,
                            double most, int device, const Stream& stream);

}  // namespace motes::python
