#include "cuda/bindings/patterns.hpp"

#include <numeric>

#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

// One piece of memory for all four arrays: each begins at a multiple of this, and has as much to read after its end.
constexpr int64_t kPadding = 256;

int64_t padded(const py::array& array) { return (static_cast<int64_t>(array.nbytes()) / kPadding + 2) * kPadding; }

}  // namespace

PatternsOnDevice::PatternsOnDevice(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
                                   const py::object& multi_extra, int64_t n_pixels, int device, uint64_t stream)
    : device_(device) {
  const auto position = require<int64_t>(multi_position, "multi_position", {kAny});
  const py::array arrays[] = {
      require<int64_t>(indptr, "indptr", {kAny}),
      n_pixels <= 65536 ? require<uint16_t>(pixels, "pixels", {kAny}) : require<uint32_t>(pixels, "pixels", {kAny}),
      position, require<int32_t>(multi_extra, "multi_extra", {position.shape(0)})};
  if (arrays[0].shape(0) < 1) throw py::value_error("indptr: expected at least one value");
  for (const auto& array : arrays) bytes_ += padded(array);
  memory_ = device_memory(bytes_, device, stream_of(stream));
  char* places[4];
  const void* numbers[4];
  size_t sizes[4];
  auto* next = static_cast<char*>(memory_.get());
  for (int k = 0; k < 4; ++k, next += padded(arrays[k - 1])) {
    places[k] = next;
    numbers[k] = arrays[k].data();
    sizes[k] = static_cast<size_t>(arrays[k].nbytes());
  }
  on_device(device, [&](motes_error* error) {
    cudaError_t code = cudaSuccess;
    for (int k = 0; k < 4 && code == cudaSuccess; ++k)
      code = cudaMemcpyAsync(places[k], numbers[k], sizes[k], cudaMemcpyHostToDevice, stream_of(stream));
    if (code == cudaSuccess)
      code = cudaStreamSynchronize(stream_of(stream));  // other streams may use them from here on
    return cuda::told(code, "CUDA: copying patterns", error);
  });
  const auto* extra = data_of<int32_t>(arrays[3]);
  const double beyond = std::accumulate(extra, extra + arrays[3].shape(0), 0.0);
  held_ = {{sizeof(motes_patterns), arrays[0].shape(0) - 1, n_pixels, reinterpret_cast<int64_t*>(places[0]), places[1],
            static_cast<int>(arrays[1].itemsize()), position.shape(0), reinterpret_cast<int64_t*>(places[2]),
            reinterpret_cast<int32_t*>(places[3])},
           static_cast<double>(arrays[0].shape(0) - 1) + beyond};
}

void register_patterns(py::module_& m) {
  py::class_<PatternsOnDevice>(m, "PatternsOnDevice", "Checked patterns in the memory of a GPU.")
      .def(py::init<const py::object&, const py::object&, const py::object&, const py::object&, int64_t, int,
                    uint64_t>(),
           py::arg("indptr"), py::arg("pixels"), py::arg("multi_position"), py::arg("multi_extra"), py::kw_only(),
           py::arg("n_pixels"), py::arg("device"), py::arg("stream") = 0)
      .def("__len__", &PatternsOnDevice::size)
      .def_property_readonly("n_pixels", &PatternsOnDevice::n_pixels)
      .def_property_readonly("device", &PatternsOnDevice::device)
      .def_property_readonly("nbytes", &PatternsOnDevice::nbytes);
}

}  // namespace motes::python
