#include "bindings/families.hpp"
#include "bindings/patterns.hpp"

namespace motes::python {
namespace {

template <class Real, class Kernel>
py::tuple sweep_of(Kernel kernel, const PatternsView& patterns, const py::object& weights, const py::object& base,
                   bool hard, int threads, const py::object& out) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  py::array planes = output<int64_t>(out, "out", {patterns.n_pixels(), w.shape(1)});
  py::array_t<int64_t> orientation(w.shape(1));
  motes_sums sums{sizeof sums, mutable_data_of<int64_t>(planes), orientation.mutable_data(), {0, 0}, 0, 0};
  run_unlocked(threads, [&](const motes_run* run, motes_error* error) {
    return kernel(&patterns.c(), data_of<Real>(w), data_of<Real>(b), w.shape(1), hard ? MOTES_HARD : MOTES_SOFT, &sums,
                  run, error);
  });
  return py::make_tuple(planes, orientation, sums.log_likelihood[0], sums.log_likelihood[1], sums.n_impossible,
                        sums.quantum);
}

py::tuple sweep(const PatternsView& patterns, const py::object& weights, const py::object& base, bool hard, int threads,
                const py::object& out) {
  if (is_double(weights, "weights"))
    return sweep_of<double>(motes_sweep_f64, patterns, weights, base, hard, threads, out);
  return sweep_of<float>(motes_sweep_f32, patterns, weights, base, hard, threads, out);
}

}  // namespace

void register_sweep(py::module_& m) {
  m.def("sweep", &sweep, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(), py::arg("hard"),
        py::arg("threads"), py::arg("out") = py::none());
}

}  // namespace motes::python
