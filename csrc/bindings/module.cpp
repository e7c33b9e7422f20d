#include <cstdlib>
#include <string>

#include "bindings/families.hpp"
#include "motes/error.hpp"

namespace py = pybind11;

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "The compiled kernels of motes. Thin: convert, check, release the GIL, call.";
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const motes::Error& error) {
      py::set_error(PyExc_ValueError, error.what());
    }
  });
  const char* forced = std::getenv("MOTES_ISA");
  if (forced && *forced && !motes_isa_available(forced))
    throw py::import_error(std::string("MOTES_ISA: expected baseline, v3 or v4, as far as this machine has it, got ") +
                           forced);
  m.attr("version") = motes_version();
  m.attr("compiler") = MOTES_COMPILER;
  m.def("isa", &motes_isa, "The instruction set in use: baseline, v3 (AVX2) or v4 (AVX-512).");
  m.def("isa_available", &motes_isa_available, py::arg("name"));
  m.def("hardware_threads", &motes_hardware_threads);
  motes::python::register_patterns(m);
  motes::python::register_ingest(m);
  motes::python::register_likelihood(m);
  motes::python::register_backrotation(m);
  motes::python::register_interpolation(m);
  motes::python::register_sweep(m);
  motes::python::register_assignment(m);
  motes::python::register_outer(m);
  motes::python::register_circles(m);
  motes::python::register_suppression(m);
  motes::python::register_matching(m);
  motes::python::register_probes(m);
  motes::python::register_addresses(m);
}
