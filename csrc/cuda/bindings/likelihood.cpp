#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

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

DeviceArray likelihood(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                       uint64_t stream, const py::object& out) {
  if (is_double(weights, "weights")) return likelihood_of<double>(patterns, weights, base, stream, out);
  return likelihood_of<float>(patterns, weights, base, stream, out);
}

}  // namespace

void register_likelihood(py::module_& m) {
  m.def("likelihood", &likelihood, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("stream") = 0, py::arg("out") = py::none());
}

}  // namespace motes::python
