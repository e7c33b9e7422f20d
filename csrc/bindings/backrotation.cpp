#include "bindings/families.hpp"
#include "bindings/patterns.hpp"

namespace motes::python {
namespace {

template <class Real, class Kernel>
py::array backrotation_of(Kernel kernel, const PatternsView& patterns, const py::object& coefficients, int threads,
                          const py::object& out) {
  const auto c = require<Real>(coefficients, "coefficients", {patterns.size(), kAny});
  py::array planes = output<double>(out, "out", {patterns.n_pixels(), c.shape(1)});
  run_unlocked(threads, [&, to = mutable_data_of<double>(planes)](const motes_run* run, motes_error* error) {
    return kernel(&patterns.c(), data_of<Real>(c), c.shape(1), to, run, error);
  });
  return planes;
}

py::array backrotation(const PatternsView& patterns, const py::object& coefficients, int threads, const py::object& out) {
  if (is_double(coefficients, "coefficients"))
    return backrotation_of<double>(motes_backrotation_f64, patterns, coefficients, threads, out);
  return backrotation_of<float>(motes_backrotation_f32, patterns, coefficients, threads, out);
}

}  // namespace

void register_backrotation(py::module_& m) {
  m.def("backrotation", &backrotation, py::arg("patterns"), py::arg("coefficients"), py::kw_only(), py::arg("threads"),
        py::arg("out") = py::none());
}

}  // namespace motes::python
