// What motes.bench measures the kernels by: yardsticks.
#include "dispatch/probes.hpp"

#include "bindings/families.hpp"
#include "bindings/wall.hpp"

namespace motes::python {
namespace {

py::array reads(const py::object& index, const py::object& table, int64_t n_passes, int threads) {
  const auto i = require<uint16_t>(index, "index", {kAny});
  const auto t = require<float>(table, "table", {kAny, kAny});
  if (t.shape(1) != 4 && t.shape(1) != 16)
    throw py::value_error("table: expected rows of 4 or 16 numbers, got " + std::to_string(t.shape(1)));
  py::array_t<double> sum(t.shape(1));
  run_unlocked(threads, [&, to = sum.mutable_data()](const motes_run* run, motes_error* error) {
    return probe_reads(data_of<uint16_t>(i), i.shape(0), data_of<float>(t), t.shape(0), static_cast<int>(t.shape(1)),
                       n_passes, to, run, error);
  });
  return sum;
}

py::array additions(const py::object& index, int64_t n_rows, int64_t n_passes, int threads) {
  const auto i = require<uint16_t>(index, "index", {kAny});
  if (n_rows < 1 || n_rows > 1 << 16)
    throw py::value_error("n_rows: expected 1 to 65536, got " + std::to_string(n_rows));
  py::array_t<int64_t> counts({n_rows, int64_t{4}});
  run_unlocked(threads, [&, to = counts.mutable_data()](const motes_run* run, motes_error* error) {
    return probe_additions(data_of<uint16_t>(i), i.shape(0), n_rows, n_passes, to, run, error);
  });
  return counts;
}

py::tuple arithmetic(int64_t n_passes, int threads) {
  int64_t n_operations = 0;
  double value = 0;
  run_unlocked(threads, [&](const motes_run* run, motes_error* error) {
    return probe_arithmetic(n_passes, &n_operations, &value, run, error);
  });
  return py::make_tuple(n_operations, value);
}

}  // namespace

void register_probes(py::module_& m) {
  m.def("probe_reads", &reads, py::arg("index"), py::arg("table"), py::kw_only(), py::arg("n_passes"),
        py::arg("threads"), "Rows of 16 or 64 bytes read at the places named, and added.");
  m.def("probe_additions", &additions, py::arg("index"), py::kw_only(), py::arg("n_rows"), py::arg("n_passes"),
        py::arg("threads"), "1, 2, 3 and 4 added to the rows named: (n_rows, 4).");
  m.def("probe_arithmetic", &arithmetic, py::kw_only(), py::arg("n_passes"), py::arg("threads"),
        "Multiplications and additions in float64, and 2, which they converge to.");
}

}  // namespace motes::python
