#include <string>
#include <utility>

#include "cuda/bindings/means.hpp"
#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

template <class Real>
py::tuple sweep_of(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base, bool hard,
                   const Stream& stream, const py::object& out) {
  const auto w = require<Real>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<Real>(base, "base", {w.shape(1)});
  py::array planes = output<int64_t>(out, "out", {patterns.n_pixels(), w.shape(1)});
  py::array_t<int64_t> orientation(w.shape(1));
  motes_sums sums{sizeof sums, mutable_data_of<int64_t>(planes), orientation.mutable_data(), {0, 0}, 0, 0};
  on_device(patterns.device(), [&, from = data_of<Real>(w), bases = data_of<Real>(b)](motes_error* error) {
    return cuda::sweep(patterns.held(), from, bases, w.shape(1), hard ? MOTES_HARD : MOTES_SOFT, &sums,
                       stream, error);
  });
  return py::make_tuple(planes, orientation, sums.log_likelihood[0], sums.log_likelihood[1], sums.n_impossible,
                        sums.quantum);
}

py::tuple sweep(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base, bool hard,
                const Stream& stream, const py::object& out) {
  if (is_double(weights, "weights")) return sweep_of<double>(patterns, weights, base, hard, stream, out);
  return sweep_of<float>(patterns, weights, base, hard, stream, out);
}

// The templates are checked before this returns, the rest is done in the order of the stream.
py::tuple sweep_templates(const PatternsOnDevice& patterns, const py::object& templates, const py::object& prior,
                          const py::object& photons, const std::pair<int, int>& shape, const std::string& noise,
                          double most, const std::pair<double, double>& limits, bool hard, bool in_double,
                          const Stream& stream) {
  const int device = patterns.device();
  const auto height = py::ssize_t{shape.first}, width = py::ssize_t{shape.second};
  const auto means = means_on_device(templates, shape, patterns.n_pixels(), most, device, stream);
  const auto n = means.shape[0];
  const auto share = require<double>(prior, "prior", {n});
  const auto total = require<int64_t>(photons, "photons", {patterns.n_pixels()});
  const auto doubles = py::dtype::of<double>();
  const auto planes = empty_array({n, height, width}, doubles, device, stream);
  const auto weights = empty_array({n}, doubles, device, stream);
  const auto told = empty_array({2}, doubles, device, stream);
  const cuda::TemplatesGiven given{means.data,
                                   static_cast<int>(means.dtype.itemsize()),
                                   n,
                                   data_of<double>(share),
                                   data_of<int64_t>(total),
                                   noise == "poisson",
                                   limits.first,
                                   limits.second};
  on_device(device, [&](motes_error* error) {
    return cuda::sweep_templates(patterns.held(), given, hard ? MOTES_HARD : MOTES_SOFT, in_double,
                                 static_cast<double*>(planes.data), static_cast<double*>(weights.data),
                                 static_cast<double*>(told.data), stream, error);
  });
  return py::make_tuple(planes, weights, told);
}

}  // namespace

void register_sweep(py::module_& m) {
  m.def("sweep", &sweep, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(), py::arg("hard"),
        py::arg("stream") = 0, py::arg("out") = py::none());
  m.def("sweep_templates", &sweep_templates, py::arg("patterns"), py::arg("templates"), py::arg("prior"), py::kw_only(),
        py::arg("photons"), py::arg("shape"), py::arg("noise"), py::arg("most"), py::arg("limits"), py::arg("hard"),
        py::arg("in_double"), py::arg("stream") = 0);
}

}  // namespace motes::python
