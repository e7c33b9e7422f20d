#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

DeviceArray backrotation(const PatternsOnDevice& patterns, const py::object& coefficients, const Stream& stream,
                         const py::object& out) {
  const int device = patterns.device();
  const auto c = reals_on_device(coefficients, "coefficients", {patterns.size(), kAny}, device, stream);
  const auto planes = output_on_device(out, "out", py::dtype::of<double>(), {patterns.n_pixels(), c.shape[1]}, device,
                                       stream);
  on_device(device, [&](motes_error* error) {
    const auto call = [&]<class Real>(const Real* from) {
      return cuda::backrotation(patterns.held(), from, c.shape[1], static_cast<double*>(planes.data), stream,
                                error);
    };
    return c.dtype.itemsize() == 8 ? call(static_cast<const double*>(c.data)) : call(static_cast<const float*>(c.data));
  });
  return planes;
}

}  // namespace

void register_backrotation(py::module_& m) {
  m.def("backrotation", &backrotation, py::arg("patterns"), py::arg("coefficients"), py::kw_only(),
        py::arg("stream") = 0, py::arg("out") = py::none());
}

}  // namespace motes::python
