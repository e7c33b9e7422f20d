#include "bindings/families.hpp"
#include "bindings/wall.hpp"

namespace motes::python {
namespace {

py::array interpolate(const py::object& master, const py::object& turns, int threads, const py::object& out) {
  const auto m = require<double>(master, "master", {kAny, kAny});
  const auto q = require<double>(turns, "turns", {kAny, 2, 2});
  const auto side = m.shape(0);
  if (m.shape(1) != side) throw py::value_error("master: expected a square, got shape " + shape_text({side, m.shape(1)}));
  py::array templates = output<double>(out, "out", {side * side, q.shape(0)});
  run_unlocked(threads, [&, to = mutable_data_of<double>(templates)](const motes_run* run, motes_error* error) {
    return motes_interpolate(data_of<double>(m), data_of<double>(q), q.shape(0), side, to, run, error);
  });
  return templates;
}

py::array interpolate_home(const py::object& planes, const py::object& turns, int64_t side, int threads,
                           const py::object& out) {
  const auto q = require<double>(turns, "turns", {kAny, 2, 2});
  if (side < 0 || side > 1 << 15) throw py::value_error("side: expected 0 to 32768 pixels, got " + std::to_string(side));
  const auto p = require<double>(planes, "planes", {side * side, q.shape(0)});
  py::array master = output<double>(out, "out", {side, side});
  run_unlocked(threads, [&, to = mutable_data_of<double>(master)](const motes_run* run, motes_error* error) {
    return motes_interpolate_home(data_of<double>(p), data_of<double>(q), q.shape(0), side, to, run, error);
  });
  return master;
}

}  // namespace

void register_interpolation(py::module_& m) {
  m.def("interpolate", &interpolate, py::arg("master"), py::arg("turns"), py::kw_only(), py::arg("threads"),
        py::arg("out") = py::none());
  m.def("interpolate_home", &interpolate_home, py::arg("planes"), py::arg("turns"), py::kw_only(), py::arg("side"),
        py::arg("threads"), py::arg("out") = py::none());
}

}  // namespace motes::python
