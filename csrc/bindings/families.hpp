#pragma once
#include <pybind11/pybind11.h>

namespace motes::python {

void register_patterns(pybind11::module_& m);
void register_ingest(pybind11::module_& m);
void register_likelihood(pybind11::module_& m);
void register_backrotation(pybind11::module_& m);
void register_interpolation(pybind11::module_& m);
void register_sweep(pybind11::module_& m);
void register_assignment(pybind11::module_& m);
void register_outer(pybind11::module_& m);
void register_circles(pybind11::module_& m);
void register_suppression(pybind11::module_& m);
void register_matching(pybind11::module_& m);
void register_probes(pybind11::module_& m);
void register_addresses(pybind11::module_& m);

}  // namespace motes::python
