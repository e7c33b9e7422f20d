#include "bindings/wall.hpp"

#include <cstring>

namespace motes::python {

std::string name_of(const py::dtype& dtype) { return py::str(static_cast<const py::object&>(dtype)); }

std::string shape_text(std::span<const py::ssize_t> shape) {
  std::string text = "(";
  for (size_t k = 0; k < shape.size(); ++k) {
    text += k ? ", " : "";
    text += shape[k] == kAny ? std::string("any") : std::to_string(shape[k]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

py::array require_array(const py::object& value, const char* name, const py::dtype& dtype,
                        std::initializer_list<py::ssize_t> shape) {
  const std::string argument(name);
  if (!py::isinstance<py::array>(value))
    throw py::type_error(argument + ": expected a NumPy array of " + name_of(dtype) + ", got " +
                         std::string(py::str(py::type::handle_of(value).attr("__name__"))));
  auto array = py::reinterpret_borrow<py::array>(value);
  if (!array.dtype().is(dtype) && !array.dtype().equal(dtype))
    throw py::type_error(argument + ": expected dtype " + name_of(dtype) + ", got " + name_of(array.dtype()));
  bool same = static_cast<size_t>(array.ndim()) == shape.size();
  for (size_t k = 0; same && k < shape.size(); ++k) {
    const py::ssize_t expected = shape.begin()[k];
    same = expected == kAny || array.shape(static_cast<py::ssize_t>(k)) == expected;
  }
  if (!same)
    throw py::value_error(argument + ": expected shape " + shape_text(shape) + ", got " +
                          shape_text(std::span(array.shape(), static_cast<size_t>(array.ndim()))));
  constexpr int kNeeded = int{py::array::c_style} | int{py::detail::npy_api::NPY_ARRAY_ALIGNED_};
  if ((array.flags() & kNeeded) != kNeeded)
    throw py::value_error(argument + ": expected a C-contiguous, aligned array (numpy.ascontiguousarray makes one)");
  return array;
}

motes_integer integer_of(const py::dtype& dtype, const std::string& argument) {
  const bool is_signed = dtype.kind() == 'i';
  if ((!is_signed && dtype.kind() != 'u') || (dtype.byteorder() != '=' && dtype.byteorder() != '|'))
    throw py::type_error(argument + ": expected an integer dtype, got " + name_of(dtype));
  switch (dtype.itemsize()) {
    case 1: return is_signed ? MOTES_INT8 : MOTES_UINT8;
    case 2: return is_signed ? MOTES_INT16 : MOTES_UINT16;
    case 4: return is_signed ? MOTES_INT32 : MOTES_UINT32;
    default: return is_signed ? MOTES_INT64 : MOTES_UINT64;
  }
}

void require_entries(const std::string& argument, py::ssize_t n_dimensions, py::ssize_t n_values, py::ssize_t size) {
  if (n_dimensions != 1 || (size != kAny && n_values != size))
    throw py::value_error(argument + ": expected shape " + shape_text({size}) + ", got one of " +
                          std::to_string(n_dimensions) + " dimensions and " + std::to_string(n_values) + " values");
}

bool is_double(const py::object& value, const char* name) {
  if (py::isinstance<py::array>(value)) {
    const auto dtype = py::reinterpret_borrow<py::array>(value).dtype();
    if (dtype.equal(py::dtype::of<double>())) return true;
    if (dtype.equal(py::dtype::of<float>())) return false;
    throw py::type_error(std::string(name) + ": expected dtype float32 or float64, got " + name_of(dtype));
  }
  throw py::type_error(std::string(name) + ": expected a NumPy array of float32 or float64");
}

int Run::stop(void* self) {
  auto& run = *static_cast<Run*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (now - run.asked_ < std::chrono::milliseconds(50)) return 0;
  run.asked_ = now;
  py::gil_scoped_acquire locked;
  return PyErr_CheckSignals();
}

}  // namespace motes::python
