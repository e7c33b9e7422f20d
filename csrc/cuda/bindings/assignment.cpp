#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

py::tuple assignment(const PatternsOnDevice& patterns, const py::object& weights, const py::object& base,
                     const py::object& photons, const py::object& members, const py::object& labels, const Stream& stream) {
  const auto w = require<double>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<double>(base, "base", {w.shape(1)});
  for (const auto& [value, name] : {std::pair{&photons, "photons"}, {&members, "members"}})
    if (value->is_none()) throw py::type_error(std::string(name) + ": expected a NumPy array, got None");
  auto sums = output<int64_t>(photons, "photons", {patterns.n_pixels(), w.shape(1)});
  auto sizes = output<int64_t>(members, "members", {w.shape(1)});
  const auto label = require_on_device(labels, "labels", py::dtype::of<int32_t>(), {patterns.size()},
                                       patterns.device(), stream);
  motes_clusters clusters{sizeof clusters, mutable_data_of<int64_t>(sums), mutable_data_of<int64_t>(sizes),
                          static_cast<int32_t*>(label.data), 0, {0, 0}};
  on_device(patterns.device(), [&, from = data_of<double>(w), bases = data_of<double>(b)](motes_error* error) {
    return cuda::assignment(patterns.held(), from, bases, w.shape(1), &clusters, stream, error);
  });
  return py::make_tuple(clusters.n_moved, clusters.score[0], clusters.score[1]);
}

}  // namespace

void register_assignment(py::module_& m) {
  m.def("assignment", &assignment, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("photons"), py::arg("members"), py::arg("labels"), py::arg("stream") = 0);
}

}  // namespace motes::python
