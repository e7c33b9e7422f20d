#include "bindings/families.hpp"
#include "bindings/patterns.hpp"

namespace motes::python {
namespace {

template <class Real, class Kernel>
py::array likelihood_of(Kernel kernel, const PatternsView& patterns, const py::object& weights, const py::object& base,
                        int threads, const py::object& out) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  py::array result = output<Real>(out, "out", {patterns.size(), w.shape(1)});
  run_unlocked(threads, [&, to = mutable_data_of<Real>(result)](const motes_run* run, motes_error* error) {
    return kernel(&patterns.c(), data_of<Real>(w), data_of<Real>(b), w.shape(1), to, run, error);
  });
  return result;
}

template <class Real, class Kernel>
py::tuple posterior_of(Kernel kernel, const PatternsView& patterns, const py::object& weights, const py::object& base,
                       bool want_label, bool want_responsibility, bool want_evidence, int threads) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  const py::ssize_t n = patterns.size();
  py::array_t<int32_t> label(want_label ? n : 0);
  py::array_t<Real> responsibility({want_responsibility ? n : 0, w.shape(1)}), evidence(want_evidence ? n : 0);
  run_unlocked(threads, [&, l = want_label ? label.mutable_data() : nullptr,
                         g = want_responsibility ? responsibility.mutable_data() : nullptr,
                         e = want_evidence ? evidence.mutable_data() : nullptr](const motes_run* run, motes_error* error) {
    return kernel(&patterns.c(), data_of<Real>(w), data_of<Real>(b), w.shape(1), l, g, e, run, error);
  });
  return py::make_tuple(label, responsibility, evidence);
}

py::array likelihood(const PatternsView& patterns, const py::object& weights, const py::object& base, int threads,
                     const py::object& out) {
  if (is_double(weights, "weights"))
    return likelihood_of<double>(motes_likelihood_f64, patterns, weights, base, threads, out);
  return likelihood_of<float>(motes_likelihood_f32, patterns, weights, base, threads, out);
}

py::tuple posterior(const PatternsView& patterns, const py::object& weights, const py::object& base, bool label,
                    bool responsibility, bool evidence, int threads) {
  if (is_double(weights, "weights"))
    return posterior_of<double>(motes_posterior_f64, patterns, weights, base, label, responsibility, evidence, threads);
  return posterior_of<float>(motes_posterior_f32, patterns, weights, base, label, responsibility, evidence, threads);
}

}  // namespace

void register_likelihood(py::module_& m) {
  m.def("likelihood", &likelihood, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("threads"), py::arg("out") = py::none());
  m.def("posterior", &posterior, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("label"), py::arg("responsibility"), py::arg("evidence"), py::arg("threads"));
}

}  // namespace motes::python
