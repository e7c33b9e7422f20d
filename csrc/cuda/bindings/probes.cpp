// What the benchmarks measure with: yardsticks, and a clock in the order of a stream.
#include "cuda/probe_calls.hpp"

#include "cuda/bindings/array.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

// A moment in a stream's work.
class Event {
 public:
  explicit Event(int device) : device_(device) {
    on_device(device, [&](motes_error* error) { return cuda::told(cudaEventCreate(&event_), "CUDA: event", error); });
  }
  ~Event() {
    if (event_) cudaEventDestroy(event_);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(const Stream& stream) {
    on_device(device_, [&](motes_error* error) {
      return cuda::told(cudaEventRecord(event_, stream), "CUDA: event", error);
    });
  }
  double milliseconds_since(const Event& earlier) const {
    float found = 0;
    on_device(device_, [&](motes_error* error) {
      auto code = cudaEventSynchronize(event_);
      if (code == cudaSuccess) code = cudaEventElapsedTime(&found, earlier.event_, event_);
      return cuda::told(code, "CUDA: event", error);
    });
    return found;
  }

 private:
  int device_;
  cudaEvent_t event_ = nullptr;
};

void copy(const py::object& from, const py::object& to, py::ssize_t n, int device, const Stream& stream) {
  const auto bytes = py::dtype::of<uint8_t>();
  const auto source = require_on_device(from, "source", bytes, {n}, device, stream);
  const auto target = require_on_device(to, "out", bytes, {n}, device, stream);
  on_device(device, [&](motes_error* error) {
    return cuda::told(cudaMemcpyAsync(target.data, source.data, static_cast<size_t>(n), cudaMemcpyDeviceToDevice,
                                      stream),
                      "CUDA: copy", error);
  });
}

py::tuple reads(int64_t n_rows, int64_t n_each, int device, const Stream& stream) {
  auto sums = empty_array({4}, py::dtype::of<int64_t>(), device, stream);
  int64_t n_probes = 0;
  on_device(device, [&](motes_error* error) {
    return cuda::probe_reads(n_rows, n_each, static_cast<int64_t*>(sums.data), &n_probes, stream, error);
  });
  return py::make_tuple(n_probes, sums);
}

py::tuple additions(int64_t n_rows, int64_t n_each, bool planar, int device, const Stream& stream) {
  if (n_rows < 1) throw py::value_error("n_rows: expected at least 1, got " + std::to_string(n_rows));
  const std::vector<py::ssize_t> shape =
      planar ? std::vector<py::ssize_t>{4, n_rows} : std::vector<py::ssize_t>{n_rows, 4};
  auto counts = empty_array(shape, py::dtype::of<int64_t>(), device, stream);
  int64_t n_probes = 0;
  on_device(device, [&](motes_error* error) {
    return cuda::probe_additions(n_rows, n_each, planar, static_cast<int64_t*>(counts.data), &n_probes,
                                 stream, error);
  });
  return py::make_tuple(n_probes, counts);
}

}  // namespace

void register_probes(py::module_& m) {
  py::class_<Event>(m, "Event", "A moment in a stream's work, on the device's clock.")
      .def(py::init<int>(), py::kw_only(), py::arg("device"))
      .def("record", &Event::record, py::arg("stream") = 0)
      .def("milliseconds_since", &Event::milliseconds_since, py::arg("earlier"), "Waits for this event.");
  m.def("empty_bytes", [](py::ssize_t n, int device, const Stream& stream) {
          if (n < 0) throw py::value_error("n: expected 0 or more, got " + std::to_string(n));
          return empty_array({n}, py::dtype::of<uint8_t>(), device, stream);
        }, py::arg("n"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
  m.def("probe_copy", &copy, py::arg("source"), py::arg("out"), py::arg("n"), py::kw_only(), py::arg("device"),
        py::arg("stream") = 0, "n bytes from one place of the device to another.");
  m.def("probe_reads", &reads, py::arg("n_rows"), py::arg("n_each"), py::kw_only(), py::arg("device"),
        py::arg("stream") = 0, "Random 16-byte reads of shared memory: how many, and their sums (4).");
  m.def("probe_additions", &additions, py::arg("n_rows"), py::arg("n_each"), py::kw_only(), py::arg("planar"),
        py::arg("device"), py::arg("stream") = 0,
        "Four additions to integers of shared memory at random rows: at how many rows, and how often at each.");
}

}  // namespace motes::python
