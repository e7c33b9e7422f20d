#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

// An array of any integer type, and how kernels see it.
struct Integers {
  DeviceArray array;
  motes_integers view;

  Integers(const py::object& value, const std::string& name, py::ssize_t size, int device, const Stream& stream)
      : array(array_on_device(value, name, "integers", device, stream)),
        view{array.data, integer_of(array.dtype, name)} {
    require_entries(name, static_cast<py::ssize_t>(array.shape.size()), array.size(), size);
    require_place(array, name, device);
  }
};

PatternsOnDevice ingest(const py::object& rows, const py::object& cols, const py::object& counts, int64_t n_patterns,
                        int64_t n_pixels, int device, const Stream& stream) {
  const Integers row(rows, "rows", kAny, device, stream), column(cols, "cols", row.array.size(), device, stream);
  motes_coo entries{row.array.size(), row.view, column.view, {nullptr, MOTES_INT64}};
  if (n_patterns < 0 || n_pixels < 0) throw py::value_error("n_patterns, n_pixels: negative");
  if (counts.is_none()) return {entries, n_patterns, n_pixels, device, stream};
  const Integers count(counts, "counts", row.array.size(), device, stream);
  entries.count = count.view;
  return {entries, n_patterns, n_pixels, device, stream};
}

// The counts of a matrix: numbers of any kind but complex ones.
struct Counts {
  DeviceArray array;
  motes_integers integers{nullptr, MOTES_INT64};
  const void* reals = nullptr;

  Counts(const py::object& value, int device, const Stream& stream)
      : array(array_on_device(value, "matrix", "counts", device, stream)) {
    const char kind = array.dtype.kind();
    if (kind == 'b') integers = {array.data, MOTES_UINT8};
    else if (kind == 'i' || kind == 'u') integers = {array.data, integer_of(array.dtype, "matrix")};
    else if (kind == 'f' && (array.dtype.itemsize() == 4 || array.dtype.itemsize() == 8)) reals = array.data;
    else throw py::type_error("matrix: expected counts, got dtype " + name_of(array.dtype));
    require_place(array, "matrix", device);
  }

  std::string at(int64_t i) const {
    DeviceArray one = array;
    one.data = static_cast<char*>(array.data) + i * array.dtype.itemsize();
    one.shape = {1};
    return py::str("{}").format(to_numpy(one)[py::int_(0)]);
  }
};

PatternsOnDevice ingest_matrix(const py::object& indptr, const py::object& columns, const py::object& counts,
                               int64_t n_pixels, int device, const Stream& stream) {
  const Counts count(counts, device, stream);
  const auto n = count.array.size();
  const Integers row(indptr, "indptr", kAny, device, stream), column(columns, "cols", n, device, stream);
  const int64_t n_rows = row.array.size() - 1;
  if (n_rows < 0 || n_pixels < 0) throw py::value_error("matrix: expected an indptr of rows, got an empty one");
  cuda::MatrixFaults faults{n_rows + 1, n};
  const PatternsOnDevice built({n_rows, n_pixels, n, row.view, column.view, count.integers, count.reals,
                                static_cast<int>(count.array.dtype.itemsize())}, &faults, device, stream);
  if (faults.row <= n_rows)
    throw py::value_error("matrix: expected an indptr that ascends from 0 to " + std::to_string(n) +
                          ", got another at row " + std::to_string(faults.row));
  if (faults.entry < n)
    throw py::value_error("matrix: expected whole photon counts, got " + count.at(faults.entry) + " at entry " +
                          std::to_string(faults.entry));
  return built;
}

int64_t largest(const py::object& values, const std::string& name, int device, const Stream& stream) {
  const Integers given(values, name, kAny, device, stream);
  int64_t result = -1;
  on_device(device, [&](motes_error* error) {
    return cuda::largest(given.view, given.array.size(), &result, name.c_str(), stream, error);
  });
  return result;
}

}  // namespace

void register_ingest(py::module_& m) {
  m.def("ingest", &ingest, py::arg("rows"), py::arg("cols"), py::arg("counts"), py::kw_only(), py::arg("n_patterns"),
        py::arg("n_pixels"), py::arg("device"), py::arg("stream") = 0);
  m.def("ingest_matrix", &ingest_matrix, py::arg("indptr"), py::arg("columns"), py::arg("counts"), py::kw_only(),
        py::arg("n_pixels"), py::arg("device"), py::arg("stream") = 0,
        "Patterns of the rows of a sparse matrix of counts.");
  m.def("largest", &largest, py::arg("values"), py::arg("name"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
}

}  // namespace motes::python
