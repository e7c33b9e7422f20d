#include "cuda/bindings/foreign.hpp"

namespace motes::python {

py::tuple shape_tuple(const std::vector<py::ssize_t>& shape) {
  py::tuple extents(shape.size());
  for (size_t k = 0; k < shape.size(); ++k) extents[k] = shape[k];
  return extents;
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

void refuse_layout(const std::string& name) {
  throw py::value_error(name + ": expected a C-contiguous device array");
}

void refuse_place(const std::string& name, int device) {
  throw py::value_error(name + ": expected an array on cuda:" + std::to_string(device) +
                        ", got one in the host's memory");
}

void require_address(const DeviceArray& array, const std::string& name) {
  if (array.size() == 0) return;
  if (!array.data) throw py::value_error(name + ": an array without memory");
  if (reinterpret_cast<uintptr_t>(array.data) % static_cast<uintptr_t>(array.dtype.itemsize()) != 0)
    throw py::value_error(name + ": expected an aligned device array");
}

DeviceArray from_interface(const py::object& value, const std::string& name, int device, const Stream& stream) {
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
  const auto theirs = has("stream") ? stream_of(py::cast<uint64_t>(told["stream"])) : stream.handle;
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

py::dict interface_of(const DeviceArray& array) {
  py::dict told;
  told["shape"] = shape_tuple(array.shape);
  told["typestr"] = array.dtype.attr("str");
  told["data"] = py::make_tuple(reinterpret_cast<uintptr_t>(array.data), array.read_only);
  told["strides"] = py::none();
  told["version"] = 3;
  told["stream"] = array.ready.number();
  return told;
}

}  // namespace motes::python
