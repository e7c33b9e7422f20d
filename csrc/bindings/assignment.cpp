#include "bindings/families.hpp"
#include "bindings/patterns.hpp"

namespace motes::python {
namespace {

py::tuple assignment(const PatternsView& patterns, const py::object& weights, const py::object& base,
                     const py::object& photons, const py::object& members, const py::object& labels, int threads) {
  const auto w = require<double>(weights, "weights", {patterns.n_pixels(), kAny});
  const auto b = require<double>(base, "base", {w.shape(1)});
  for (const auto& [value, name] : {std::pair{&photons, "photons"}, {&members, "members"}, {&labels, "labels"}})
    if (value->is_none()) throw py::type_error(std::string(name) + ": expected a NumPy array, got None");
  auto sums = output<int64_t>(photons, "photons", {patterns.n_pixels(), w.shape(1)});
  auto sizes = output<int64_t>(members, "members", {w.shape(1)});
  auto label = output<int32_t>(labels, "labels", {patterns.size()});
  motes_clusters clusters{sizeof clusters, mutable_data_of<int64_t>(sums), mutable_data_of<int64_t>(sizes),
                          mutable_data_of<int32_t>(label), 0, {0, 0}};
  run_unlocked(threads, [&](const motes_run* run, motes_error* error) {
    return motes_assignment(&patterns.c(), data_of<double>(w), data_of<double>(b), w.shape(1), &clusters, run, error);
  });
  return py::make_tuple(clusters.n_moved, clusters.score[0], clusters.score[1]);
}

}  // namespace

void register_assignment(py::module_& m) {
  m.def("assignment", &assignment, py::arg("patterns"), py::arg("weights"), py::arg("base"), py::kw_only(),
        py::arg("photons"), py::arg("members"), py::arg("labels"), py::arg("threads"));
}

}  // namespace motes::python
