#include <math.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>

#include "cuda/bindings/means.hpp"
#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"
#include "cuda/likelihood_there.hpp"

namespace motes::python {
namespace {

template <class Real>
DeviceArray likelihood_of(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                          const Stream& stream, const py::object& out) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  const std::vector<py::ssize_t> shape{patterns.size(), w.shape(1)};
  const int device = patterns.device();
  const auto result = output_on_device(out, "out", py::dtype::of<Real>(), shape, device, stream);
  on_device(device, [&, from = data_of<Real>(w), bases = data_of<Real>(b)](motes_error* error) {
    return cuda::likelihood(patterns.held(), from, bases, w.shape(1), static_cast<Real*>(result.data),
                            stream, error);
  });
  return result;
}

template <class Real>
DeviceArray likelihood_there(const PatternsOnDevice& patterns, const DeviceArray& weights, const py::object& base,
                             const Stream& stream, const py::object& out) {
  const int device = patterns.device();
  const auto n = weights.shape[1];
  const auto bases = reals_on_device(base, "base", {n}, device, stream);
  if (!bases.dtype.equal(weights.dtype)) throw py::type_error("base: expected the dtype of the weights");
  const auto result = output_on_device(out, "out", py::dtype::of<Real>(), {patterns.size(), n}, device, stream);
  on_device(device, [&](motes_error* error) {
    return cuda::likelihood_there(patterns.held(), static_cast<const Real*>(weights.data),
                                  static_cast<const Real*>(bases.data), n, static_cast<Real*>(result.data),
                                  stream, error);
  });
  return result;
}

// Of weights in the host's memory, or on the patterns' device.
DeviceArray likelihood(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                       const Stream& stream, const py::object& out) {
  if (!py::isinstance<py::array>(weights)) {
    const auto there =
        reals_on_device(weights, "weights", {patterns.n_pixels(), kAny}, patterns.device(), stream);
    if (there.dtype.itemsize() == sizeof(double)) return likelihood_there<double>(patterns, there, base, stream, out);
    return likelihood_there<float>(patterns, there, base, stream, out);
  }
  if (is_double(weights, "weights")) return likelihood_of<double>(patterns, weights, base, stream, out);
  return likelihood_of<float>(patterns, weights, base, stream, out);
}

// -inf into `scores` where x_p . weights_r + base_r is below zero.
template <class Real>
void rule_out_of(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                 const py::object& scores, const Stream& stream) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  const int device = patterns.device();
  const auto result =
      require_on_device(scores, "scores", py::dtype::of<Real>(), {patterns.size(), w.shape(1)}, device, stream);
  on_device(device, [&, from = data_of<Real>(w), bases = data_of<Real>(b)](motes_error* error) {
    return cuda::rule_out(patterns.held(), from, bases, w.shape(1), static_cast<Real*>(result.data), stream, error);
  });
}

void rule_out(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
              const py::object& scores, const Stream& stream) {
  if (is_double(weights, "weights")) return rule_out_of<double>(patterns, weights, base, scores, stream);
  rule_out_of<float>(patterns, weights, base, scores, stream);
}

// Of templates on the patterns' device, which are checked before this returns.
DeviceArray likelihood_templates(const PatternsOnDevice& patterns, const py::object& templates,
                                 const std::pair<int, int>& shape, const std::string& noise, double most,
                                 bool in_double, const Stream& stream, const py::object& out) {
  const int device = patterns.device();
  const auto means = means_on_device(templates, shape, patterns.n_pixels(), most, device, stream);
  const auto n = means.shape[0];
  const auto real = in_double ? py::dtype::of<double>() : py::dtype::of<float>();
  const auto result = output_on_device(out, "out", real, {patterns.size(), n}, device, stream);
  const int real_bytes = static_cast<int>(means.dtype.itemsize());
  const cuda::TemplatesGiven given{means.data, real_bytes, n, nullptr, nullptr, noise == "poisson", 0, HUGE_VAL};
  on_device(device, [&](motes_error* error) {
    return cuda::likelihood_templates(patterns.held(), given, in_double, result.data, stream, error);
  });
  return result;
}

template <class Real>
py::tuple posterior_of(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                       bool want_label, bool want_responsibility, bool want_evidence, const Stream& stream) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  const int device = patterns.device();
  const auto array = [&](bool wanted, std::vector<py::ssize_t> shape, const py::dtype& dtype) {
    if (!wanted) shape[0] = 0;
    return empty_array(std::move(shape), dtype, device, stream);
  };
  const py::ssize_t n = patterns.size();
  const auto label = array(want_label, {n}, py::dtype::of<int32_t>());
  const auto responsibility = array(want_responsibility, {n, w.shape(1)}, py::dtype::of<Real>());
  const auto evidence = array(want_evidence, {n}, py::dtype::of<Real>());
  on_device(device, [&, from = data_of<Real>(w), bases = data_of<Real>(b)](motes_error* error) {
    return cuda::posterior(patterns.held(), from, bases, w.shape(1), static_cast<int32_t*>(label.data),
                           static_cast<Real*>(responsibility.data), static_cast<Real*>(evidence.data),
                           stream, error);
  });
  return py::make_tuple(label, responsibility, evidence);
}

py::tuple posterior(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base, bool label,
                    bool responsibility, bool evidence, const Stream& stream) {
  if (is_double(weights, "weights"))
    return posterior_of<double>(patterns, weights, base, label, responsibility, evidence, stream);
  return posterior_of<float>(patterns, weights, base, label, responsibility, evidence, stream);
}

}  // namespace

void register_likelihood(py::module_& m) {
  m.def("likelihood", &likelihood, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("stream") = 0, py::arg("out") = py::none());
  m.def("likelihood_templates", &likelihood_templates, py::arg("patterns"), py::arg("templates"), py::kw_only(),
        py::arg("shape"), py::arg("noise"), py::arg("most"), py::arg("in_double"), py::arg("stream") = 0,
        py::arg("out") = py::none());
  m.def("rule_out", &rule_out, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::arg("scores"),
        py::kw_only(), py::arg("stream") = 0);
  m.def("posterior", &posterior, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("label"), py::arg("responsibility"), py::arg("evidence"), py::arg("stream") = 0);
}

}  // namespace motes::python
