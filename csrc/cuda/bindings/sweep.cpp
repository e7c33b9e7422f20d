#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

template <class Real>
py::tuple sweep_of(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base, bool hard,
                   uint64_t stream, const py::object& out) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  py::array planes = output<int64_t>(out, "out", {patterns.n_pixels(), w.shape(1)});
  py::array_t<int64_t> orientation(w.shape(1));
  motes_sums sums{sizeof sums, mutable_data_of<int64_t>(planes), orientation.mutable_data(), {0, 0}, 0, 0};
  on_device(patterns.device(), [&, from = data_of<Real>(w), bases = data_of<Real>(b)](motes_error* error) {
    return cuda::sweep(patterns.held(), from, bases, w.shape(1), hard ? MOTES_HARD : MOTES_SOFT, &sums,
                       stream_of(stream), error);
  });
  return py::make_tuple(planes, orientation, sums.log_likelihood[0], sums.log_likelihood[1], sums.n_impossible,
                        sums.quantum);
}

py::tuple sweep(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base, bool hard,
                uint64_t stream, const py::object& out) {
  if (is_double(weights, "weights")) return sweep_of<double>(patterns, weights, base, hard, stream, out);
  return sweep_of<float>(patterns, weights, base, hard, stream, out);
}

}  // namespace

void register_sweep(py::module_& m) {
  m.def("sweep", &sweep, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(), py::arg("hard"),
        py::arg("stream") = 0, py::arg("out") = py::none());
}

}  // namespace motes::python
