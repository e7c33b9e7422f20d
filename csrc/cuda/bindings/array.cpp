#include "cuda/bindings/array.hpp"

#include <pybind11/stl.h>

#include <algorithm>

#include "cuda/bindings/dlpack.hpp"
#include "cuda/bindings/foreign.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

// What is contiguous in the host's memory; read before this returns.
DeviceArray copied(const py::array& array, int device, const Stream& stream) {
  auto there = empty_array({array.shape(), array.shape() + array.ndim()}, array.dtype(), device, stream);
  on_device(device, [&, from = array.data(), bytes = static_cast<size_t>(there.nbytes())](motes_error* error) {
    auto code = cudaMemcpyAsync(there.data, from, bytes, cudaMemcpyHostToDevice, there.ready);
    if (code == cudaSuccess) code = cudaStreamSynchronize(there.ready);  // the caller may change the array from here on
    return cuda::told(code, "CUDA: copying to the device", error);
  });
  return there;
}

DeviceArray from_numpy(const py::array& given, int device, const Stream& stream) {
  return copied(py::array::ensure(given, py::array::c_style), device, stream);
}

constexpr const char* kReals = "float32 or float64";

[[noreturn]] void refuse_dtype(const std::string& name, const std::string& expected, const py::dtype& dtype) {
  throw py::type_error(name + ": expected dtype " + expected + ", got " + name_of(dtype));
}

void require_extents(const DeviceArray& array, const std::string& name, const std::vector<py::ssize_t>& shape,
                     int device) {
  const auto fits = [](py::ssize_t extent, py::ssize_t expected) { return expected == kAny || extent == expected; };
  if (!std::equal(array.shape.begin(), array.shape.end(), shape.begin(), shape.end(), fits))
    throw py::value_error(name + ": expected shape " + shape_text(shape) + ", got " + shape_text(array.shape));
  require_place(array, name, device);
}

}  // namespace

py::ssize_t DeviceArray::size() const {
  py::ssize_t product = 1;
  for (const auto extent : shape) product *= extent;
  return product;
}

std::shared_ptr<void> until_idle(std::shared_ptr<void> memory, int device) {
  void* const place = memory.get();
  return {place, [memory = std::move(memory), device](void*) mutable {
            without_gil([&] {
              const cuda::Current current(device);
              if (cudaDeviceSynchronize() != cudaSuccess) cudaGetLastError();
              memory.reset();
            });
          }};
}

std::shared_ptr<void> owned(void* memory, int device, const Stream& stream) {
  return {memory, [device, stream](void* held) {
            without_gil([&] {
              const cuda::Current current(device);
              // this one is another in every thread: who lets go need not be who worked
              if (stream == cudaStreamPerThread && cudaDeviceSynchronize() != cudaSuccess) cudaGetLastError();
              cuda::release(held, stream);
            });
          }};
}

std::shared_ptr<void> device_memory(int64_t bytes, int device, const Stream& stream) {
  void* memory = nullptr;
  on_device(device, [&](motes_error* error) { return cuda::allocate(bytes, stream, &memory, error); });
  return owned(memory, device, stream);
}

DeviceArray empty_array(std::vector<py::ssize_t> shape, const py::dtype& dtype, int device, const Stream& stream) {
  DeviceArray array;
  array.shape = std::move(shape);
  array.dtype = dtype;
  array.device = device;
  array.ready = stream;
  array.owner = device_memory(array.nbytes(), device, stream);
  array.data = array.owner.get();
  return array;
}

py::array to_numpy(const DeviceArray& array) {
  py::array result(array.dtype, array.shape);
  on_device(array.device,
            [&, to = result.mutable_data(), bytes = static_cast<size_t>(array.nbytes())](motes_error* error) {
              auto code = cudaMemcpyAsync(to, array.data, bytes, cudaMemcpyDeviceToHost, array.ready);
              if (code == cudaSuccess) code = cudaStreamSynchronize(array.ready);
              return cuda::told(code, "CUDA: copying to the host", error);
            });
  return result;
}

DeviceArray array_on_device(const py::object& value, const std::string& name, const std::string& expected, int device,
                            const Stream& stream) {
  if (py::hasattr(value, "__dlpack_device__")) return from_dlpack(value, name, device, stream);
  if (py::hasattr(value, "__cuda_array_interface__")) return from_interface(value, name, device, stream);
  throw py::type_error(name + ": expected a device array of " + expected + ", got " +
                       std::string(py::str(py::type::handle_of(value).attr("__name__"))));
}

void require_place(const DeviceArray& array, const std::string& name, int device) {
  if (array.device != device)
    throw py::value_error(name + ": expected an array on cuda:" + std::to_string(device) +
                          ", got one on cuda:" + std::to_string(array.device));
}

DeviceArray require_on_device(const py::object& value, const char* argument, const py::dtype& dtype,
                              std::vector<py::ssize_t> shape, int device, const Stream& stream) {
  const std::string name(argument);
  DeviceArray array = array_on_device(value, name, name_of(dtype), device, stream);
  if (!array.dtype.equal(dtype)) refuse_dtype(name, name_of(dtype), array.dtype);
  require_extents(array, name, shape, device);
  if (array.read_only) throw py::value_error(name + ": the array is read-only");
  return array;
}

DeviceArray output_on_device(const py::object& value, const char* name, const py::dtype& dtype,
                             std::vector<py::ssize_t> shape, int device, const Stream& stream) {
  if (value.is_none()) return empty_array(std::move(shape), dtype, device, stream);
  return require_on_device(value, name, dtype, std::move(shape), device, stream);
}

DeviceArray reals_on_device(const py::object& value, const char* argument, std::initializer_list<py::ssize_t> shape,
                            int device, const Stream& stream) {
  if (py::isinstance<py::array>(value)) {
    const bool wide = is_double(value, argument);
    return copied(wide ? require<double>(value, argument, shape) : require<float>(value, argument, shape), device,
                  stream);
  }
  const std::string name(argument);
  DeviceArray array = array_on_device(value, name, kReals, device, stream);
  if (!array.dtype.equal(py::dtype::of<double>()) && !array.dtype.equal(py::dtype::of<float>()))
    refuse_dtype(name, kReals, array.dtype);
  require_extents(array, name, shape, device);
  return array;
}

void register_array(py::module_& m) {
  py::class_<DeviceArray>(m, "DeviceArray", "C-contiguous numbers in the memory of a GPU; see motes.devices.")
      .def_property_readonly("shape", [](const DeviceArray& array) { return shape_tuple(array.shape); })
      .def_property_readonly("dtype", [](const DeviceArray& array) { return array.dtype; })
      .def_property_readonly("device", [](const DeviceArray& array) { return "cuda:" + std::to_string(array.device); })
      .def_property_readonly("nbytes", &DeviceArray::nbytes)
      .def_property_readonly("__cuda_array_interface__", &interface_of)
      .def("__dlpack_device__", [](const DeviceArray& array) { return py::make_tuple(dlpack::kCUDA, array.device); })
      .def("__dlpack__", &to_dlpack, py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
           py::arg("dl_device") = py::none(), py::arg("copy") = py::none())
      .def("__array__",
           [](const DeviceArray&, const py::args&, const py::kwargs&) {
             throw py::type_error("an array on a GPU is not copied in silence; to_numpy() brings it home");
           })
      .def("to_numpy", &to_numpy, "A copy in the host's memory; waits for it.")
      .def("__len__",
           [](const DeviceArray& array) {
             if (array.shape.empty()) throw py::type_error("len() of unsized array");
             return array.shape[0];
           })
      .def("__repr__", [](const DeviceArray& array) {
        return "DeviceArray(" + std::string(py::str(shape_tuple(array.shape))) + " of " + name_of(array.dtype) +
               " on cuda:" + std::to_string(array.device) + ")";
      });
  m.def(
      "as_device_array",
      [](const py::object& value, const std::string& name, int device, const Stream& stream) {
        auto array = array_on_device(value, name, "numbers", device, stream);
        require_place(array, name, device);
        return array;
      },
      py::arg("array"), py::arg("name"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
  m.def("from_numpy", &from_numpy, py::arg("array"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
  m.def(
      "view",
      [](const py::object& value, const py::object& dtype, std::vector<py::ssize_t> shape, int device,
         const Stream& stream) {
        return require_on_device(value, "array", py::dtype::from_args(dtype), std::move(shape), device,
                                 stream);
      },
      py::arg("array"), py::kw_only(), py::arg("dtype"), py::arg("shape"), py::arg("device"), py::arg("stream") = 0);
}

}  // namespace motes::python
