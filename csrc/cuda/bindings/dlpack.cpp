#include "cuda/bindings/dlpack.hpp"

#include <string_view>

#include "cuda/bindings/foreign.hpp"

namespace motes::python {
namespace {

constexpr std::string_view kKinds = "iuf--cb";  // of NumPy, by the codes of DLPack

py::dtype dtype_of(dlpack::Type type, const std::string& name) {
  const char kind = type.code < kKinds.size() ? kKinds[type.code] : '-';
  if (type.lanes != 1 || kind == '-' || type.bits % 8 != 0)
    throw py::type_error(name + ": a dtype that NumPy does not have");
  return kind == 'b' ? py::dtype::of<bool>() : py::dtype(kind + std::to_string(type.bits / 8));
}

dlpack::Type type_of(const py::dtype& dtype) {
  const auto code = static_cast<uint8_t>(kKinds.find(dtype.kind()));
  return {code, static_cast<uint8_t>(8 * dtype.itemsize()), 1};
}

// A producer that knows DLPack 1 may say that the array is read-only; another one has no such argument.
py::object capsule_from(const py::object& value, const Stream& stream) {
  try {
    return value.attr("__dlpack__")(py::arg("stream") = stream.number(),
                                    py::arg("max_version") = py::make_tuple(dlpack::kVersion.major, 0));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return value.attr("__dlpack__")(py::arg("stream") = stream.number());
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

// An array in the hands of a consumer that works on `theirs`.
template <class Managed>
struct Lent {
  Managed managed;
  std::vector<int64_t> shape;
  std::shared_ptr<void> owner;
  int device;
  Stream ready;
  cudaStream_t theirs;
  bool ordered;

  // The memory is given back in the order of its own stream: after what the consumer has asked for until now. Whether a
  // stream of theirs is still there nobody says, so that all work of the device is waited for instead.
  ~Lent() {
    if (!ordered || (theirs == ready && theirs != cudaStreamPerThread)) return;
    without_gil([this] {
      const cuda::Current current(device);
      motes_error error{};
      const bool waits = theirs == nullptr || theirs == cudaStreamLegacy;
      if (waits && cuda::wait_for(theirs, ready, &error) == MOTES_OK) return;
      if (cudaDeviceSynchronize() != cudaSuccess) cudaGetLastError();
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

}  // namespace

DeviceArray from_dlpack(const py::object& value, const std::string& name, int device, const Stream& stream) {
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

}  // namespace motes::python
