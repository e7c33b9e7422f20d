#include "bindings/families.hpp"
#include "bindings/wall.hpp"

namespace motes::python {
namespace {

// Any integer type of the machine's byte order, one-dimensional and contiguous; the values may be unaligned.
motes_integers integers(const py::object& value, const char* name, py::ssize_t size) {
  const std::string argument(name);
  if (!py::isinstance<py::array>(value)) throw py::type_error(argument + ": expected a NumPy array of integers");
  const auto array = py::reinterpret_borrow<py::array>(value);
  const auto type = integer_of(array.dtype(), argument);
  require_entries(argument, array.ndim(), array.size(), size);
  if (!(array.flags() & py::array::c_style))
    throw py::value_error(argument + ": expected a contiguous array (numpy.ascontiguousarray makes one)");
  return {array.data(), type};
}

py::tuple ingest(const py::object& rows, const py::object& cols, const py::object& counts, int64_t n_patterns,
                 int64_t n_pixels, int threads, const py::object& out_indptr, const py::object& out_pixels) {
  const auto row = integers(rows, "rows", kAny);
  const py::ssize_t size = py::reinterpret_borrow<py::array>(rows).shape(0);
  motes_coo entries{size, row, integers(cols, "cols", size), {nullptr, MOTES_INT64}};
  if (!counts.is_none()) entries.count = integers(counts, "counts", size);
  if (n_patterns < 0 || n_pixels < 0) throw py::value_error("n_patterns, n_pixels: negative");
  py::array indptr = output<int64_t>(out_indptr, "out_indptr", {n_patterns + 1});
  py::array pixels = n_pixels <= 65536 ? output<uint16_t>(out_pixels, "out_pixels", {size})
                                       : output<uint32_t>(out_pixels, "out_pixels", {size});
  py::array_t<int64_t> position(0);
  py::array_t<int32_t> extra(0);
  int64_t n_lit = 0, n_multi = 0;
  const auto call = [&] {
    motes_status status = MOTES_OK;
    run_unlocked(threads, [&, ptr = mutable_data_of<int64_t>(indptr), to = pixels.mutable_data(), pos = position.mutable_data(),
                           more = extra.mutable_data()](const motes_run* run, motes_error* error) {
      status = motes_ingest(&entries, n_patterns, n_pixels, ptr, to, static_cast<int>(pixels.itemsize()), &n_lit, pos,
                            more, &n_multi, run, error);
      return status == MOTES_TOO_SMALL ? MOTES_OK : status;
    });
    return status;
  };
  if (call() == MOTES_TOO_SMALL) {
    position = py::array_t<int64_t>(n_multi);
    extra = py::array_t<int32_t>(n_multi);
    call();
  }
  // A part of the array would keep all of it: what merged entries left over is given back.
  if (n_lit < size) pixels = py::array(pixels[py::slice(0, n_lit, 1)]).attr("copy")();
  return py::make_tuple(indptr, pixels, position, extra);
}

int64_t largest(const py::object& values, const std::string& name, int threads) {
  const auto view = integers(values, name.c_str(), kAny);
  const int64_t size = py::reinterpret_borrow<py::array>(values).shape(0);
  int64_t result = -1;
  run_unlocked(threads, [&](const motes_run* run, motes_error* error) {
    return motes_largest(view, size, &result, name.c_str(), run, error);
  });
  return result;
}

}  // namespace

void register_ingest(py::module_& m) {
  m.def("ingest", &ingest, py::arg("rows"), py::arg("cols"), py::arg("counts"), py::kw_only(), py::arg("n_patterns"),
        py::arg("n_pixels"), py::arg("threads"), py::arg("out_indptr") = py::none(),
        py::arg("out_pixels") = py::none());
  m.def("largest", &largest, py::arg("values"), py::arg("name"), py::kw_only(), py::arg("threads"));
}

}  // namespace motes::python
