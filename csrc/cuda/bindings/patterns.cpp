#include "cuda/bindings/patterns.hpp"

#include <algorithm>
#include <string>

#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

// store(stored, error) on a device.
template <class Store>
cuda::Stored stored_by(int device, Store store) {
  cuda::Stored stored{};
  on_device(device, [&](motes_error* error) { return store(&stored, error); });
  return stored;
}

cuda::Stored copied(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
                    const py::object& multi_extra, int64_t n_pixels, int device, const Stream& stream) {
  const auto begin = require<int64_t>(indptr, "indptr", {kAny});
  const auto lit = n_pixels <= 65536 ? py::array(require<uint16_t>(pixels, "pixels", {kAny}))
                                     : py::array(require<uint32_t>(pixels, "pixels", {kAny}));
  const auto position = require<int64_t>(multi_position, "multi_position", {kAny});
  const auto extra = require<int32_t>(multi_extra, "multi_extra", {position.shape(0)});
  if (begin.shape(0) < 1) throw py::value_error("indptr: expected at least one value");
  const motes_patterns patterns{sizeof(motes_patterns),
                                begin.shape(0) - 1,
                                n_pixels,
                                data_of<int64_t>(begin),
                                lit.data(),
                                static_cast<int>(lit.itemsize()),
                                position.shape(0),
                                data_of<int64_t>(position),
                                data_of<int32_t>(extra)};
  if (patterns.indptr[0] != 0 || patterns.indptr[patterns.n_patterns] != lit.shape(0))
    throw py::value_error("indptr: expected to run from 0 to " + std::to_string(lit.shape(0)));
  return stored_by(device, [&](cuda::Stored* stored, motes_error* error) {
    return cuda::copy_checked(patterns, stored, stream, error);
  });
}

}  // namespace

PatternsOnDevice::PatternsOnDevice(const cuda::Stored& stored, int device, const Stream& stream)
    : device_(device),
      bytes_(stored.bytes),
      held_(stored.held) {
  for (size_t k = 0; k < stored.memory.size(); ++k)
    if (stored.memory[k]) memory_[k] = until_idle(owned(stored.memory[k], device, stream), device);
}

PatternsOnDevice::PatternsOnDevice(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
                                   const py::object& multi_extra, int64_t n_pixels, int device, const Stream& stream)
    : PatternsOnDevice(copied(indptr, pixels, multi_position, multi_extra, n_pixels, device, stream), device,
                       stream) {}

PatternsOnDevice::PatternsOnDevice(const cuda::MatrixGiven& matrix, cuda::MatrixFaults* faults, int device,
                                   const Stream& stream)
    : PatternsOnDevice(stored_by(device, [&](cuda::Stored* stored, motes_error* error) {
        return cuda::build_of_rows(matrix, faults, stored, stream, error);
      }), device, stream) {}

PatternsOnDevice::PatternsOnDevice(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, int device,
                                   const Stream& stream)
    : PatternsOnDevice(stored_by(device, [&](cuda::Stored* stored, motes_error* error) {
        return cuda::build(entries, n_patterns, n_pixels, stored, stream, error);
      }), device, stream) {}

cuda::Totals PatternsOnDevice::totals() const {
  {
    const std::lock_guard locked(known_->lock);
    if (known_->totals) return *known_->totals;
  }
  cuda::Totals found{};  // not under the lock: Python's is let go of, and somebody who holds it may wait for ours
  on_device(device_, [&](motes_error* error) { return cuda::totals(held_, &found, nullptr, error); });
  const std::lock_guard locked(known_->lock);
  known_->totals = found;
  return found;
}

int64_t PatternsOnDevice::max_count() const {
  const auto sums = totals();
  return sums.most_extra > 0 ? 1 + sums.most_extra : int64_t{sums.n_lit > 0};
}

py::array PatternsOnDevice::total_image() const {
  py::array_t<int64_t> photons(held_.arrays.n_pixels);
  on_device(device_, [&, n = n_lit(), to = photons.mutable_data()](motes_error* error) {
    return cuda::total_image(held_, n, to, nullptr, error);
  });
  return photons;
}

py::tuple PatternsOnDevice::to_numpy() const {
  if (!whole_) throw py::value_error("patterns: a range of rows is fetched with those that it is a part of");
  const auto& x = held_.arrays;
  py::array arrays[] = {py::array_t<int64_t>(x.n_patterns + 1),
                        x.pixel_bytes == 2 ? py::array(py::array_t<uint16_t>(n_lit()))
                                           : py::array(py::array_t<uint32_t>(n_lit())),
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
  part.known_ = std::make_shared<Known>();
  return part;
}

PatternsOnDevice PatternsOnDevice::binarised() const {
  PatternsOnDevice once(*this);
  once.held_.arrays.n_multi = 0;
  once.held_.n_photons = static_cast<double>(held_.arrays.n_patterns);
  once.known_ = std::make_shared<Known>();
  return once;
}

PatternsOnDevice PatternsOnDevice::take(const py::object& which, const Stream& stream) const {
  const auto index = require<int64_t>(which, "which", {kAny});
  const auto* const from = data_of<int64_t>(index);
  if (std::any_of(from, from + index.shape(0), [this](int64_t p) { return p < 0 || p >= size(); }))
    throw py::index_error("which: outside the patterns");
  const auto stored = stored_by(device_, [&](cuda::Stored* taken, motes_error* error) {
    return cuda::take(held_, from, index.shape(0), taken, stream, error);
  });
  return {stored, device_, stream};
}

void register_patterns(py::module_& m) {
  py::class_<PatternsOnDevice, std::shared_ptr<PatternsOnDevice>>(m, "PatternsOnDevice",
                                                                  "Checked patterns in the memory of a GPU.")
      .def(py::init<const py::object&, const py::object&, const py::object&, const py::object&, int64_t, int,
                    const Stream&>(),
           py::arg("indptr"), py::arg("pixels"), py::arg("multi_position"), py::arg("multi_extra"), py::kw_only(),
           py::arg("n_pixels"), py::arg("device"), py::arg("stream") = 0)
      .def("__len__", &PatternsOnDevice::size)
      .def("rows", &PatternsOnDevice::rows, py::arg("start"), py::arg("stop"), "A range of them, in the same memory.")
      .def("binarised", &PatternsOnDevice::binarised, "Their lit pixels, one photon each, in the same memory.")
      .def("take", &PatternsOnDevice::take, py::arg("which"), py::kw_only(), py::arg("stream") = 0,
           "Those of these indices, in this order, in memory of their own; waits.")
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
