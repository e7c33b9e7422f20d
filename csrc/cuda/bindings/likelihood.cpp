#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"
#include "cuda/likelihood_there.hpp"

namespace motes::python {
namespace {

template <class Real>
DeviceArray likelihood_of(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                          uint64_t stream, const py::object& out) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  const std::vector<py::ssize_t> shape{patterns.size(), w.shape(1)};
  const int device = patterns.device();
  const auto result = output_on_device(out, "out", py::dtype::of<Real>(), shape, device, stream_of(stream));
  on_device(device, [&, from = data_of<Real>(w), bases = data_of<Real>(b)](motes_error* error) {
    return cuda::likelihood(patterns.held(), from, bases, w.shape(1), static_cast<Real*>(result.data),
                            stream_of(stream), error);
  });
  return result;
}

template <class Real>
DeviceArray likelihood_there(const PatternsOnDevice& patterns, const DeviceArray& weights, const py::object& base,
                             uint64_t stream, const py::object& out) {
  const int device = patterns.device();
  const auto n = weights.shape[1];
  const auto bases = reals_on_device(base, "base", {n}, device, stream_of(stream));
  if (!bases.dtype.equal(weights.dtype)) throw py::type_error("base: expected the dtype of the weights");
  const auto result = output_on_device(out, "out", py::dtype::of<Real>(), {patterns.size(), n}, device, stream_of(stream));
  on_device(device, [&](motes_error* error) {
    return cuda::likelihood_there(patterns.held(), static_cast<const Real*>(weights.data),
                                  static_cast<const Real*>(bases.data), n, static_cast<Real*>(result.data),
                                  stream_of(stream), error);
  });
  return result;
}

// Of weights in the host's memory, or on the patterns' device.
DeviceArray likelihood(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                       uint64_t stream, const py::object& out) {
  if (!py::isinstance<py::array>(weights)) {
    const auto there =
        reals_on_device(weights, "weights", {patterns.n_pixels(), kAny}, patterns.device(), stream_of(stream));
    if (there.dtype.itemsize() == sizeof(double)) return likelihood_there<double>(patterns, there, base, stream, out);
    return likelihood_there<float>(patterns, there, base, stream, out);
  }
  if (is_double(weights, "weights")) return likelihood_of<double>(patterns, weights, base, stream, out);
  return likelihood_of<float>(patterns, weights, base, stream, out);
}

template <class Real>
py::tuple posterior_of(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                       bool want_label, bool want_responsibility, bool want_evidence, uint64_t stream) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  const int device = patterns.device();
  const auto array = [&](bool wanted, std::vector<py::ssize_t> shape, const py::dtype& dtype) {
    if (!wanted) shape[0] = 0;
    return empty_array(std::move(shape), dtype, device, stream_of(stream));
  };
  const py::ssize_t n = patterns.size();
  const auto label = array(want_label, {n}, py::dtype::of<int32_t>());
  const auto responsibility = array(want_responsibility, {n, w.shape(1)}, py::dtype::of<Real>());
  const auto evidence = array(want_evidence, {n}, py::dtype::of<Real>());
  on_device(device, [&, from = data_of<Real>(w), bases = data_of<Real>(b)](motes_error* error) {
    return cuda::posterior(patterns.held(), from, bases, w.shape(1), static_cast<int32_t*>(label.data),
                           static_cast<Real*>(responsibility.data), static_cast<Real*>(evidence.data),
                           stream_of(stream), error);
  });
  return py::make_tuple(label, responsibility, evidence);
}

py::tuple posterior(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base, bool label,
                    bool responsibility, bool evidence, uint64_t stream) {
  if (is_double(weights, "weights"))
    return posterior_of<double>(patterns, weights, base, label, responsibility, evidence, stream);
  return posterior_of<float>(patterns, weights, base, label, responsibility, evidence, stream);
}

}  // namespace

void register_likelihood(py::module_& m) {
  m.def("likelihood", &likelihood, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("stream") = 0, py::arg("out") = py::none());
  m.def("posterior", &posterior, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("label"), py::arg("responsibility"), py::arg("evidence"), py::arg("stream") = 0);
}

}  // namespace motes::python
