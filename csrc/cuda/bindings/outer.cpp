#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

DeviceArray outer(const PatternsOnDevice& patterns, const py::object& coefficients, const py::object& orbit,
                  const py::object& phase, const py::object& turn, int64_t n_orbits, bool with_coefficients,
                  const Stream& stream) {
  const int device = patterns.device();
  const auto o = require<int32_t>(orbit, "orbit", {patterns.n_pixels()});
  const auto f = require<uint8_t>(phase, "phase", {patterns.n_pixels()});
  const auto t = require<uint8_t>(turn, "turn", {kAny, kAny});
  if (t.shape(0) != t.shape(1)) throw py::value_error("turn: expected as many rows as columns");
  DeviceArray c;
  if (!coefficients.is_none()) {
    c = reals_on_device(coefficients, "coefficients", {patterns.size(), t.shape(0)}, device, stream);
    if (c.dtype.itemsize() != sizeof(float))
      throw py::type_error("coefficients: expected dtype float32, got float64");
  }
  const motes_orbits orbits{n_orbits, t.shape(0), data_of<int32_t>(o), data_of<uint8_t>(f), data_of<uint8_t>(t)};
  const int64_t n_slots = (n_orbits + (with_coefficients ? 1 : 0)) * t.shape(0);
  if (n_orbits < 0 || n_slots > 1 << 16) throw py::value_error("n_orbits: expected 0 to 65536 slots in all");
  const auto sums = empty_array({n_slots, n_slots}, py::dtype::of<double>(), device, stream);
  // Of no patterns there are coefficients all the same, though no numbers.
  static const float none = 0;
  const auto* numbers = coefficients.is_none() ? nullptr : c.data ? static_cast<const float*>(c.data) : &none;
  on_device(device, [&](motes_error* error) {
    return cuda::outer(patterns.held(), numbers, &orbits, with_coefficients, static_cast<double*>(sums.data),
                       stream, error);
  });
  return sums;
}

}  // namespace

void register_outer(py::module_& m) {
  m.def("outer", &outer, py::arg("patterns"), py::arg("coefficients"), py::kw_only(), py::arg("orbit"),
        py::arg("phase"), py::arg("turn"), py::arg("n_orbits"), py::arg("with_coefficients"), py::arg("stream") = 0);
}

}  // namespace motes::python
