#include "cuda/bindings/array.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <optional>

#include "cuda/bindings/dlpack.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

py::tuple shape_tuple(const std::vector<py::ssize_t>& shape) {
  py::tuple extents(shape.size());
  for (size_t k = 0; k < shape.size(); ++k) extents[k] = shape[k];
  return extents;
}

py::dtype dtype_of(dlpack::Type type, const std::string& name) {
  constexpr char kinds[] = {'i', 'u', 'f', '-', '-', 'c', 'b'};  // by the codes of DLPack
  const char kind = type.code < sizeof kinds ? kinds[type.code] : '-';
  if (type.lanes != 1 || kind == '-' || type.bits % 8 != 0)
    throw py::type_error(name + ": a dtype that NumPy does not have");
  return py::dtype(kind + std::to_string(type.bits / 8));
}

dlpack::Type type_of(const py::dtype& dtype) {
  const char kind = dtype.kind();
  const uint8_t code = kind == 'i' ? dlpack::kInt : kind == 'u' ? dlpack::kUnsigned : dlpack::kFloat;
  return {code, static_cast<uint8_t>(8 * dtype.itemsize()), 1};
}

bool is_contiguous(const std::vector<py::ssize_t>& shape, const std::vector<py::ssize_t>& strides) {
  py::ssize_t expected = 1;
  for (size_t k = shape.size(); k-- > 0;) {
    if (shape[k] == 0) return true;
    if (shape[k] != 1 && strides[k] != expected) return false;
    expected *= shape[k];
  }
  return true;
}

// Keeps a Python object alive, also where nobody holds the GIL when it is let go.
std::shared_ptr<void> kept(const py::object& object) {
  return {object.inc_ref().ptr(), [](void* pointer) {
            py::gil_scoped_acquire locked;
            py::handle(static_cast<PyObject*>(pointer)).dec_ref();
          }};
}

[[noreturn]] void refuse_layout(const std::string& name) {
  throw py::value_error(name + ": expected a C-contiguous device array");
}

[[noreturn]] void refuse_place(const std::string& name, int device) {
  throw py::value_error(name + ": expected an array on cuda:" + std::to_string(device) +
                        ", got one in the host's memory");
}

// What would fault in a kernel, for good: after such an error CUDA does nothing more for the process.
void require_address(const DeviceArray& array, const std::string& name) {
  if (array.size() == 0) return;
  if (!array.data) throw py::value_error(name + ": an array without memory");
  if (reinterpret_cast<uintptr_t>(array.data) % static_cast<uintptr_t>(array.dtype.itemsize()) != 0)
    throw py::value_error(name + ": expected an aligned device array");
}

// A producer that knows DLPack 1 may say that the array is read-only; another one has no such argument.
py::object capsule_from(const py::object& value, cudaStream_t stream) {
  const auto handle = reinterpret_cast<uint64_t>(stream);
  const auto asked = handle == 0 ? 1 : handle;
  try {
    return value.attr("__dlpack__")(py::arg("stream") = asked,
                                    py::arg("max_version") = py::make_tuple(dlpack::kVersion.major, 0));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return value.attr("__dlpack__")(py::arg("stream") = asked);
}

// The tensor of a capsule, and who keeps it: let go of with the last of its owners.
template <class Managed>
Managed* taken(const py::object& capsule, std::shared_ptr<void>& owner) {
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule.ptr(), Managed::kName));
  if (!managed) throw py::error_already_set();
  PyCapsule_SetName(capsule.ptr(), Managed::kUsed);
  owner = {managed, [](void* held) {
             auto* tensor = static_cast<Managed*>(held);
             if (!tensor->deleter) return;
             py::gil_scoped_acquire locked;
             tensor->deleter(tensor);
           }};
  return managed;
}

// The producer makes the array ready on `stream`.
DeviceArray from_dlpack(const py::object& value, const std::string& name, int device, cudaStream_t stream) {
  const auto place = py::tuple(value.attr("__dlpack_device__")());
  const int type = py::int_(place[0]);
  if (type != dlpack::kCUDA && type != dlpack::kCUDAManaged) refuse_place(name, device);
  const py::object capsule = capsule_from(value, stream);
  DeviceArray array;
  const dlpack::Tensor* found;
  if (PyCapsule_IsValid(capsule.ptr(), dlpack::Versioned::kName)) {
    const auto* managed = taken<dlpack::Versioned>(capsule, array.owner);
    if (managed->version.major > dlpack::kVersion.major)
      throw py::buffer_error(name + ": expected DLPack 1, got " + std::to_string(managed->version.major));
    array.read_only = managed->flags & dlpack::kReadOnly;
    found = &managed->tensor;
  } else {
    found = &taken<dlpack::Managed>(capsule, array.owner)->tensor;
  }
  const auto& tensor = *found;
  array.data = static_cast<char*>(tensor.data) + tensor.byte_offset;
  array.shape.assign(tensor.shape, tensor.shape + tensor.ndim);
  array.dtype = dtype_of(tensor.dtype, name);
  array.device = tensor.device.index;
  array.ready = stream;
  if (tensor.strides && !is_contiguous(array.shape, {tensor.strides, tensor.strides + tensor.ndim}))
    refuse_layout(name);
  require_address(array, name);
  return array;
}

DeviceArray from_interface(const py::object& value, const std::string& name, int device, cudaStream_t stream) {
  const auto told = py::dict(value.attr("__cuda_array_interface__"));
  const auto data = py::tuple(told["data"]);
  DeviceArray array;
  array.owner = kept(value);
  array.data = reinterpret_cast<void*>(py::cast<uintptr_t>(data[0]));
  array.read_only = py::cast<bool>(data[1]);
  array.dtype = py::dtype(py::cast<std::string>(told["typestr"]));
  for (const auto extent : py::tuple(told["shape"])) array.shape.push_back(py::cast<py::ssize_t>(extent));
  if (told.contains("strides") && !told["strides"].is_none()) {
    std::vector<py::ssize_t> strides;
    for (const auto stride : py::tuple(told["strides"]))
      strides.push_back(py::cast<py::ssize_t>(stride) / array.dtype.itemsize());
    if (strides.size() != array.shape.size() || !is_contiguous(array.shape, strides)) refuse_layout(name);
  }
  array.device = device;
  array.ready = stream;
  const auto has = [&](const char* key) { return told.contains(key) && !told[key].is_none(); };
  if (has("mask")) throw py::value_error(name + ": a masked array is not taken");
  const auto theirs = has("stream") ? stream_of(py::cast<uint64_t>(told["stream"])) : stream;
  if (has("stream") && !theirs)
    throw py::value_error(name + ": its stream is 0, which __cuda_array_interface__ does not allow");
  require_address(array, name);
  on_device(device, [&](motes_error* error) {
    cudaPointerAttributes where{};
    if (array.data)
      if (const auto bad = cuda::told(cudaPointerGetAttributes(&where, array.data), "CUDA: an array's memory", error))
        return bad;
    if (array.data)
      array.device = where.type == cudaMemoryTypeDevice || where.type == cudaMemoryTypeManaged ? where.device : -1;
    return array.device == device ? cuda::wait_for(theirs, stream, error) : MOTES_OK;
  });
  if (array.device < 0) refuse_place(name, device);
  return array;
}

// Memory is let go of by whoever comes last, with the GIL or without: what is waited for then may need it.
template <class Body>
void without_gil(Body body) {
  std::optional<py::gil_scoped_release> unlocked;
  if (PyGILState_Check()) unlocked.emplace();
  body();
}

// An array in the hands of a consumer that works on `theirs`.
template <class Managed>
struct Lent {
  Managed managed;
  std::vector<int64_t> shape;
  std::shared_ptr<void> owner;
  int device;
  cudaStream_t ready, theirs;
  bool ordered;

  // The memory is given back in the order of its own stream: after what the consumer has asked for until now.
  ~Lent() {
    if (!ordered) return;
    without_gil([this] {
      const cuda::Current current(device);
      motes_error error{};
      if (cuda::wait_for(theirs, ready, &error) != MOTES_OK && cudaDeviceSynchronize() != cudaSuccess) cudaGetLastError();
    });
  }
};

template <class Managed>
py::object lend(const DeviceArray& array, cudaStream_t theirs, bool ordered) {
  std::unique_ptr<Lent<Managed>> lent(new Lent<Managed>{
      {}, {array.shape.begin(), array.shape.end()}, array.owner, array.device, array.ready, theirs, ordered});
  auto& managed = lent->managed;
  managed.tensor = {array.data, {dlpack::kCUDA, array.device}, static_cast<int32_t>(lent->shape.size()),
                    type_of(array.dtype), lent->shape.data(), nullptr, 0};
  managed.context = lent.get();
  managed.deleter = [](Managed* held) { delete static_cast<Lent<Managed>*>(held->context); };
  if constexpr (std::is_same_v<Managed, dlpack::Versioned>) {
    managed.version = dlpack::kVersion;
    managed.flags = array.read_only ? dlpack::kReadOnly : 0;
  }
  PyObject* capsule = PyCapsule_New(&managed, Managed::kName, [](PyObject* self) {
    if (!PyCapsule_IsValid(self, Managed::kName)) return;  // somebody took it, and will let it go
    auto* held = static_cast<Managed*>(PyCapsule_GetPointer(self, Managed::kName));
    held->deleter(held);
  });
  if (!capsule) throw py::error_already_set();
  lent.release();
  return py::reinterpret_steal<py::object>(capsule);
}

py::object to_dlpack(const DeviceArray& array, const py::object& stream, const py::object& max_version,
                     const py::object& dl_device, const py::object& copy) {
  if (!copy.is_none() && py::cast<bool>(copy)) throw py::buffer_error("no copies are made here");
  if (!dl_device.is_none() && !py::make_tuple(int{dlpack::kCUDA}, array.device).equal(dl_device))
    throw py::buffer_error("the array stays on cuda:" + std::to_string(array.device) + "; to_numpy() copies it");
  const auto theirs = stream.is_none() ? int64_t{1} : py::cast<int64_t>(stream);
  if (theirs == 0 || theirs < -1)
    throw py::value_error("stream: expected a CUDA stream, 1, 2 or -1, got " + std::to_string(theirs));
  const bool ordered = theirs > 0;  // else the consumer sees to it
  const auto handle = stream_of(static_cast<uint64_t>(ordered ? theirs : 0));
  const bool versioned = !max_version.is_none() && py::cast<uint32_t>(py::tuple(max_version)[0]) >= 1;
  if (array.read_only && !versioned) throw py::buffer_error("the array is read-only, which DLPack 0 can not say");
  if (ordered)
    on_device(array.device, [&](motes_error* error) { return cuda::wait_for(array.ready, handle, error); });
  return versioned ? lend<dlpack::Versioned>(array, handle, ordered) : lend<dlpack::Managed>(array, handle, ordered);
}

py::dict interface_of(const DeviceArray& array) {
  const auto handle = reinterpret_cast<uint64_t>(array.ready);
  py::dict told;
  told["shape"] = shape_tuple(array.shape);
  told["typestr"] = array.dtype.attr("str");
  told["data"] = py::make_tuple(reinterpret_cast<uintptr_t>(array.data), array.read_only);
  told["strides"] = py::none();
  told["version"] = 3;
  told["stream"] = handle == 0 ? 1 : handle;
  return told;
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

// What is contiguous in the host's memory; read before this returns.
DeviceArray copied(const py::array& array, int device, cudaStream_t stream) {
  auto there = empty_array({array.shape(), array.shape() + array.ndim()}, array.dtype(), device, stream);
  on_device(device, [&, from = array.data(), bytes = static_cast<size_t>(there.nbytes())](motes_error* error) {
    auto code = cudaMemcpyAsync(there.data, from, bytes, cudaMemcpyHostToDevice, there.ready);
    if (code == cudaSuccess) code = cudaStreamSynchronize(there.ready);  // the caller may change the array from here on
    return cuda::told(code, "CUDA: copying to the device", error);
  });
  return there;
}

DeviceArray from_numpy(const py::array& given, int device, uint64_t stream) {
  return copied(py::array::ensure(given, py::array::c_style), device, stream_of(stream));
}

constexpr const char* kReals = "float32 or float64";

std::string name_of(const py::dtype& dtype) { return py::str(static_cast<const py::object&>(dtype)); }

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

cudaStream_t stream_of(uint64_t handle) { return reinterpret_cast<cudaStream_t>(handle); }

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

std::shared_ptr<void> owned(void* memory, int device, cudaStream_t stream) {
  return {memory, [device, stream](void* held) {
            without_gil([&] {
              const cuda::Current current(device);
              cuda::release(held, stream);
            });
          }};
}

std::shared_ptr<void> device_memory(int64_t bytes, int device, cudaStream_t stream) {
  void* memory = nullptr;
  on_device(device, [&](motes_error* error) { return cuda::allocate(bytes, stream, &memory, error); });
  return owned(memory, device, stream);
}

DeviceArray empty_array(std::vector<py::ssize_t> shape, const py::dtype& dtype, int device, cudaStream_t stream) {
  DeviceArray array;
  array.shape = std::move(shape);
  array.dtype = dtype;
  array.device = device;
  array.ready = stream;
  array.owner = device_memory(array.nbytes(), device, stream);
  array.data = array.owner.get();
  return array;
}

DeviceArray array_on_device(const py::object& value, const std::string& name, const std::string& expected, int device,
                            cudaStream_t stream) {
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
                              std::vector<py::ssize_t> shape, int device, cudaStream_t stream) {
  const std::string name(argument);
  DeviceArray array = array_on_device(value, name, name_of(dtype), device, stream);
  if (!array.dtype.equal(dtype)) refuse_dtype(name, name_of(dtype), array.dtype);
  require_extents(array, name, shape, device);
  if (array.read_only) throw py::value_error(name + ": the array is read-only");
  return array;
}

DeviceArray output_on_device(const py::object& value, const char* name, const py::dtype& dtype,
                             std::vector<py::ssize_t> shape, int device, cudaStream_t stream) {
  if (value.is_none()) return empty_array(std::move(shape), dtype, device, stream);
  return require_on_device(value, name, dtype, std::move(shape), device, stream);
}

DeviceArray reals_on_device(const py::object& value, const char* argument, std::initializer_list<py::ssize_t> shape,
                            int device, cudaStream_t stream) {
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
        return "DeviceArray(" + std::string(py::str(shape_tuple(array.shape))) + " of " +
               std::string(py::str(static_cast<const py::object&>(array.dtype))) +
               " on cuda:" + std::to_string(array.device) + ")";
      });
  m.def(
      "as_device_array",
      [](const py::object& value, const std::string& name, int device, uint64_t stream) {
        auto array = array_on_device(value, name, "numbers", device, stream_of(stream));
        require_place(array, name, device);
        return array;
      },
      py::arg("array"), py::arg("name"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
  m.def("from_numpy", &from_numpy, py::arg("array"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
  m.def(
      "view",
      [](const py::object& value, const py::object& dtype, std::vector<py::ssize_t> shape, int device,
         uint64_t stream) {
        return require_on_device(value, "array", py::dtype::from_args(dtype), std::move(shape), device,
                                 stream_of(stream));
      },
      py::arg("array"), py::kw_only(), py::arg("dtype"), py::arg("shape"), py::arg("device"), py::arg("stream") = 0);
}

}  // namespace motes::python
