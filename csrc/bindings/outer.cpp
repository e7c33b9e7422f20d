#include "bindings/families.hpp"
#include "bindings/patterns.hpp"

namespace motes::python {
namespace {

py::array outer(const PatternsView& patterns, const py::object& coefficients, const py::object& orbit,
                const py::object& phase, const py::object& turn, int64_t n_orbits, bool with_coefficients, int threads) {
  const auto o = require<int32_t>(orbit, "orbit", {patterns.n_pixels()});
  const auto f = require<uint8_t>(phase, "phase", {patterns.n_pixels()});
  const auto t = require<uint8_t>(turn, "turn", {kAny, kAny});
  if (t.shape(0) != t.shape(1)) throw py::value_error("turn: expected as many rows as columns");
  const py::array c = coefficients.is_none() ? py::array_t<float>(0)
                                             : require<float>(coefficients, "coefficients", {patterns.size(), t.shape(0)});
  const motes_orbits orbits{n_orbits, t.shape(0), data_of<int32_t>(o), data_of<uint8_t>(f), data_of<uint8_t>(t)};
  const int64_t n_slots = (n_orbits + (with_coefficients ? 1 : 0)) * t.shape(0);
  if (n_orbits < 0 || n_slots > 1 << 16) throw py::value_error("n_orbits: expected 0 to 65536 slots in all");
  py::array_t<double> sums({n_slots, n_slots});
  run_unlocked(threads, [&, to = sums.mutable_data()](const motes_run* run, motes_error* error) {
    return motes_outer(&patterns.c(), coefficients.is_none() ? nullptr : data_of<float>(c), &orbits, with_coefficients,
                       to, run, error);
  });
  return sums;
}

}  // namespace

void register_outer(py::module_& m) {
  m.def("outer", &outer, py::arg("patterns"), py::arg("coefficients"), py::kw_only(), py::arg("orbit"), py::arg("phase"),
        py::arg("turn"), py::arg("n_orbits"), py::arg("with_coefficients"), py::arg("threads"));
}

}  // namespace motes::python
