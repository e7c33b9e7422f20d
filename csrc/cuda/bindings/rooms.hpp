#pragma once
#include <pybind11/pybind11.h>

#include <string>

namespace motes::python {

void register_device(pybind11::module_& m);

}  // namespace motes::python
