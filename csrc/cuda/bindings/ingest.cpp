#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

// An array of any integer type, and how kernels see it.
struct Integers {
  DeviceArray array;
  motes_integers view;

  Integers(const py::object& value, const std::string& name, py::ssize_t size, int device, cudaStream_t stream)
      : array(array_on_device(value, name, "integers", device, stream)),
        view{array.data, integer_of(array.dtype, name)} {
    require_entries(name, static_cast<py::ssize_t>(array.shape.size()), array.size(), size);
    require_place(array, name, device);
  }
};

PatternsOnDevice ingest(const py::object& rows, const py::object& cols, const py::object& counts, int64_t n_patterns,
                        int64_t n_pixels, int device, uint64_t stream) {
  const auto ready = stream_of(stream);
  const Integers row(rows, "rows", kAny, device, ready), column(cols, "cols", row.array.size(), device, ready);
  motes_coo entries{row.array.size(), row.view, column.view, {nullptr, MOTES_INT64}};
  if (n_patterns < 0 || n_pixels < 0) throw py::value_error("n_patterns, n_pixels: negative");
  if (counts.is_none()) return {entries, n_patterns, n_pixels, device, ready};
  const Integers count(counts, "counts", row.array.size(), device, ready);
  entries.count = count.view;
  return {entries, n_patterns, n_pixels, device, ready};
}

int64_t largest(const py::object& values, const std::string& name, int device, uint64_t stream) {
  const Integers given(values, name, kAny, device, stream_of(stream));
  int64_t result = -1;
  on_device(device, [&](motes_error* error) {
    return cuda::largest(given.view, given.array.size(), &result, name.c_str(), stream_of(stream), error);
  });
  return result;
}

}  // namespace

void register_ingest(py::module_& m) {
  m.def("ingest", &ingest, py::arg("rows"), py::arg("cols"), py::arg("counts"), py::kw_only(), py::arg("n_patterns"),
        py::arg("n_pixels"), py::arg("device"), py::arg("stream") = 0);
  m.def("largest", &largest, py::arg("values"), py::arg("name"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
}

}  // namespace motes::python
