#include <cuda_runtime_api.h>

#include <string>

#include "cuda/bindings/rooms.hpp"

PYBIND11_MODULE(_cuda, m, pybind11::mod_gil_not_used()) {
  m.doc() = "The kernels of motes on NVIDIA GPUs. Thin: convert, check, release the GIL, call.";
  m.attr("runtime") = std::to_string(CUDART_VERSION / 1000) + "." + std::to_string(CUDART_VERSION % 1000 / 10);
  m.attr("architectures") = MOTES_CUDA_ARCHITECTURES;
  motes::python::register_device(m);
  motes::python::register_array(m);
  motes::python::register_patterns(m);
  motes::python::register_ingest(m);
  motes::python::register_probes(m);
  motes::python::register_likelihood(m);
  motes::python::register_sweep(m);
  motes::python::register_climb(m);
  motes::python::register_backrotation(m);
  motes::python::register_outer(m);
  motes::python::register_assignment(m);
  motes::python::register_circles(m);
  motes::python::register_suppression(m);
}
