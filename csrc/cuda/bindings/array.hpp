// Arrays in device memory, ours or another library's.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bindings/wall.hpp"
#include "cuda/bindings/stream.hpp"
#include "cuda/bindings/surface.hpp"

namespace motes::python {

// C-contiguous; `ready` is the stream whose work fills it.
struct DeviceArray {
  void* data = nullptr;
  std::vector<py::ssize_t> shape;
  py::dtype dtype;
  int device = 0;
  bool read_only = false;
  Stream ready;
  std::shared_ptr<void> owner;

  py::ssize_t size() const;
  int64_t nbytes() const { return static_cast<int64_t>(size()) * dtype.itemsize(); }
};

// Memory of ours, asked for already or now; released in the order of the stream.
std::shared_ptr<void> owned(void* memory, int device, const Stream& stream);
std::shared_ptr<void> device_memory(int64_t bytes, int device, const Stream& stream);

// The same memory, given back when no stream of its device works any more: of what several streams read.
std::shared_ptr<void> until_idle(std::shared_ptr<void> memory, int device);

DeviceArray empty_array(std::vector<py::ssize_t> shape, const py::dtype& dtype, int device, const Stream& stream);

// A copy in the host's memory; waits for it.
py::array to_numpy(const DeviceArray& array);

// Another library's array as a view, ready on `stream`; `expected` says of what it should be.
DeviceArray array_on_device(const py::object& value, const std::string& name, const std::string& expected, int device,
                            const Stream& stream);
void require_place(const DeviceArray& array, const std::string& name, int device);

// The same of this dtype and shape, to be written to; refused in the words of the processor's wall.
DeviceArray require_on_device(const py::object& value, const char* name, const py::dtype& dtype,
                              std::vector<py::ssize_t> shape, int device, const Stream& stream);

// The same, for writing into; where `value` is None, a new array.
DeviceArray output_on_device(const py::object& value, const char* name, const py::dtype& dtype,
                             std::vector<py::ssize_t> shape, int device, const Stream& stream);

// float32 or float64 numbers that are only read, wherever they are: those of NumPy are copied there.
DeviceArray reals_on_device(const py::object& value, const char* name, std::initializer_list<py::ssize_t> shape,
                            int device, const Stream& stream);

}  // namespace motes::python
