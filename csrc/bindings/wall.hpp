// Python's side of the wall: dtype, shape and layout, with messages that name the argument. Nothing is converted in
// silence.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <initializer_list>
#include <span>
#include <string>

#include "motes/error.hpp"

namespace motes::python {

namespace py = pybind11;

constexpr py::ssize_t kAny = -1;

std::string name_of(const py::dtype& dtype);
std::string shape_text(std::span<const py::ssize_t> shape);
inline std::string shape_text(std::initializer_list<py::ssize_t> shape) {
  return shape_text(std::span(shape.begin(), shape.size()));
}
py::array require_array(const py::object& value, const char* name, const py::dtype& dtype,
                        std::initializer_list<py::ssize_t> shape);

// A NumPy array of exactly this dtype and shape (kAny: any extent), C-contiguous and aligned.
template <class T>
py::array require(const py::object& value, const char* name, std::initializer_list<py::ssize_t> shape) {
  return require_array(value, name, py::dtype::of<T>(), shape);
}

// The same, for writing into; where `value` is None, a new array.
template <class T>
py::array output(const py::object& value, const char* name, std::initializer_list<py::ssize_t> shape) {
  if (value.is_none()) return py::array_t<T>(py::array::ShapeContainer(shape));
  py::array array = require<T>(value, name, shape);
  if (!array.writeable()) throw py::value_error(std::string(name) + ": the array is read-only");
  return array;
}

template <class T>
const T* data_of(const py::array& array) {
  return static_cast<const T*>(array.data());
}
template <class T>
T* mutable_data_of(py::array& array) {
  return static_cast<T*>(array.mutable_data());
}

// The integer type of an array; any other dtype, or another machine's byte order, is a TypeError.
motes_integer integer_of(const py::dtype& dtype, const std::string& argument);
// One dimension, of `size` values (kAny: any number).
void require_entries(const std::string& argument, py::ssize_t n_dimensions, py::ssize_t n_values, py::ssize_t size);

// True where `value` is a float64 array, false for float32; anything else is a TypeError.
bool is_double(const py::object& value, const char* name);

// Threads, and Ctrl-C: between lanes, at most every 50 ms, the interpreter is asked.
class Run {
 public:
  explicit Run(int threads) : run_{sizeof run_, threads, &Run::stop, this} {}
  const motes_run* get() const { return &run_; }

 private:
  static int stop(void* self);
  motes_run run_;
  std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
};

// Calls the C ABI without the GIL and turns its status into an exception.
template <class Call>
void run_unlocked(int threads, Call&& call) {
  Run run(threads);
  motes_error error{};
  motes_status status;
  {
    py::gil_scoped_release unlocked;
    status = call(run.get(), &error);
  }
  if (status == MOTES_INTERRUPTED) throw py::error_already_set();  // the interpreter holds the KeyboardInterrupt
  check(status, error);
}

}  // namespace motes::python
