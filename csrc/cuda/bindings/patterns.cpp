#include "cuda/bindings/patterns.hpp"

#include <algorithm>
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
  memory_[0] = until_idle(device_memory(bytes_, device, stream_of(stream)), device);
  char* places[4];
  const void* numbers[4];
  size_t sizes[4];
  auto* next = static_cast<char*>(memory_[0].get());
  for (int k = 0; k < 4; ++k, next += padded(arrays[k - 1])) {
    places[k] = next;
    numbers[k] = arrays[k].data();
    sizes[k] = static_cast<size_t>(arrays[k].nbytes());
  }
  on_device(device, [&](motes_error* error) {
    cudaError_t code = cudaSuccess;
    for (int k = 0; k < 4 && code == cudaSuccess; ++k)
      code = cudaMemcpyAsync(places[k], numbers[k], sizes[k], cudaMemcpyHostToDevice, stream_of(stream));
    // Other streams may use them from here on; and what was begun reads the arrays of the caller.
    const auto waited = cudaStreamSynchronize(stream_of(stream));
    return cuda::told(code == cudaSuccess ? waited : code, "CUDA: copying patterns", error);
  });
  const auto* extra = data_of<int32_t>(arrays[3]);
  n_extra_ = std::accumulate(extra, extra + arrays[3].shape(0), int64_t{0});
  n_lit_ = arrays[1].shape(0);
  held_ = {{sizeof(motes_patterns), arrays[0].shape(0) - 1, n_pixels, reinterpret_cast<int64_t*>(places[0]), places[1],
            static_cast<int>(arrays[1].itemsize()), position.shape(0), reinterpret_cast<int64_t*>(places[2]),
            reinterpret_cast<int32_t*>(places[3])},
           static_cast<double>(arrays[0].shape(0) - 1) + static_cast<double>(n_extra_)};
}

PatternsOnDevice::PatternsOnDevice(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, int device,
                                   cudaStream_t stream)
    : device_(device) {
  std::array<int64_t, 4> bytes{};
  const auto room = [&](cuda::PatternsPart part, int64_t asked, void** memory, motes_error* error) {
    const auto k = static_cast<size_t>(part);
    memory_[k].reset();
    const auto status = cuda::allocate(asked, stream, memory, error);
    memory_[k] = until_idle(owned(*memory, device, stream), device);
    bytes[k] = asked;
    return status;
  };
  on_device(device, [&](motes_error* error) {
    if (const auto bad = cuda::ingest(entries, n_patterns, n_pixels, room, &held_, stream, error)) return bad;
    auto code = cudaMemcpyAsync(&n_lit_, held_.arrays.indptr + n_patterns, sizeof n_lit_, cudaMemcpyDeviceToHost, stream);
    if (code == cudaSuccess) code = cudaStreamSynchronize(stream);  // other streams may use them from here on
    return cuda::told(code, "CUDA: ingest", error);
  });
  n_extra_ = static_cast<int64_t>(held_.n_photons) - n_patterns;
  bytes_ = std::accumulate(bytes.begin(), bytes.end(), int64_t{0});
}

void PatternsOnDevice::require_whole() const {
  if (!whole_) throw py::value_error("patterns: of a range of rows the host's arrays tell the totals");
}

int64_t PatternsOnDevice::max_count() const {
  require_whole();
  std::vector<int32_t> extra(static_cast<size_t>(held_.arrays.n_multi));
  if (extra.empty()) return n_lit_ > 0;
  on_device(device_, [&](motes_error* error) {
    return cuda::told(cudaMemcpy(extra.data(), held_.arrays.multi_extra, extra.size() * sizeof extra[0], cudaMemcpyDeviceToHost),
                      "CUDA: copying patterns", error);
  });
  return int64_t{1} + *std::max_element(extra.begin(), extra.end());
}

py::array PatternsOnDevice::total_image() const {
  require_whole();
  py::array_t<int64_t> photons(held_.arrays.n_pixels);
  on_device(device_, [&, to = photons.mutable_data()](motes_error* error) {
    return cuda::total_image(held_, n_lit_, to, nullptr, error);
  });
  return photons;
}

py::tuple PatternsOnDevice::to_numpy() const {
  require_whole();
  const auto& x = held_.arrays;
  py::array arrays[] = {py::array_t<int64_t>(x.n_patterns + 1),
                        x.pixel_bytes == 2 ? py::array(py::array_t<uint16_t>(n_lit_)) : py::array(py::array_t<uint32_t>(n_lit_)),
                        py::array_t<int64_t>(x.n_multi), py::array_t<int32_t>(x.n_multi)};
  const void* const from[] = {x.indptr, x.pixels, x.multi_position, x.multi_extra};
  void* to[4];
  size_t sizes[4];
  for (int k = 0; k < 4; ++k) {
    to[k] = arrays[k].mutable_data();
    sizes[k] = static_cast<size_t>(arrays[k].nbytes());
  }
  on_device(device_, [&](motes_error* error) {
    cudaError_t code = cudaSuccess;
    for (int k = 0; k < 4 && code == cudaSuccess; ++k)
      if (sizes[k] > 0) code = cudaMemcpy(to[k], from[k], sizes[k], cudaMemcpyDeviceToHost);
    return cuda::told(code, "CUDA: copying patterns", error);
  });
  return py::make_tuple(arrays[0], arrays[1], arrays[2], arrays[3]);
}

PatternsOnDevice PatternsOnDevice::rows(int64_t start, int64_t stop) const {
  if (start < 0 || stop < start || stop > size()) throw py::index_error("rows: outside the patterns");
  PatternsOnDevice part(*this);
  part.held_.arrays.indptr += start;
  part.held_.arrays.n_patterns = stop - start;
  part.whole_ = false;
  return part;
}

void register_patterns(py::module_& m) {
  py::class_<PatternsOnDevice, std::shared_ptr<PatternsOnDevice>>(m, "PatternsOnDevice",
                                                                  "Checked patterns in the memory of a GPU.")
      .def(py::init<const py::object&, const py::object&, const py::object&, const py::object&, int64_t, int,
                    uint64_t>(),
           py::arg("indptr"), py::arg("pixels"), py::arg("multi_position"), py::arg("multi_extra"), py::kw_only(),
           py::arg("n_pixels"), py::arg("device"), py::arg("stream") = 0)
      .def("__len__", &PatternsOnDevice::size)
      .def("rows", &PatternsOnDevice::rows, py::arg("start"), py::arg("stop"), "A range of them, in the same memory.")
      .def_property_readonly("n_pixels", &PatternsOnDevice::n_pixels)
      .def_property_readonly("n_lit", &PatternsOnDevice::n_lit)
      .def_property_readonly("n_photons", &PatternsOnDevice::n_photons)
      .def("max_count", &PatternsOnDevice::max_count)
      .def("total_image", &PatternsOnDevice::total_image)
      .def("to_numpy", &PatternsOnDevice::to_numpy, "Copies of the four arrays in the host's memory; waits for them.")
      .def_property_readonly("device", &PatternsOnDevice::device)
      .def_property_readonly("nbytes", &PatternsOnDevice::nbytes);
}

}  // namespace motes::python
