#include "cuda/bindings/circles.hpp"
#include "cuda/bindings/rooms.hpp"
#include "cuda/detections.hpp"
#include "dispatch/guarded.hpp"

namespace motes::python {
namespace {

// Indices, which take memory when it is known how many there are: then nobody holds the GIL.
struct Found {
  int device;
  const Stream& stream;
  int64_t n;
  std::shared_ptr<void> memory;

  int64_t* room(int64_t wanted, motes_error* error) {
    void* there = nullptr;
    if (const auto bad = cuda::allocate(wanted * static_cast<int64_t>(sizeof(int64_t)), stream, &there, error))
      throw Failed{bad};
    n = wanted;
    memory = owned(there, device, stream);
    return static_cast<int64_t*>(there);
  }
  DeviceArray array() const {
    return {memory.get(), {static_cast<py::ssize_t>(n)}, py::dtype::of<int64_t>(), device, false, stream, memory};
  }
};

py::tuple suppression(const py::object& centres, const py::object& radii, const py::object& scores,
                      const py::object& indptr, const std::string& measure, double threshold, bool suppressor,
                      int device, const Stream& stream) {
  const CirclesOnDevice circles(centres, radii, "", device, stream);
  const auto s = same_reals_on_device(scores, "scores", circles.c.real_bytes, {circles.c.n}, device, stream);
  const auto parts = require<int64_t>(indptr, "indptr", {kAny});
  if (parts.shape(0) < 1) throw py::value_error("indptr: empty");
  py::array_t<int64_t> kept_indptr(parts.shape(0));
  const auto by = empty_array({suppressor ? circles.c.n : 0}, py::dtype::of<int64_t>(), device, stream);
  const auto rule = measure_of(measure);
  Found kept{device, stream, 0, nullptr};
  on_device(device, [&, ends = kept_indptr.mutable_data(), from = data_of<int64_t>(parts),
                     n_micrographs = parts.shape(0) - 1](motes_error* error) {
    return cuda::suppression(circles.c, s.data, n_micrographs, from, rule, threshold,
                             [&](int64_t n) { return kept.room(n, error); }, ends,
                             suppressor ? static_cast<int64_t*>(by.data) : nullptr, stream, error);
  });
  return py::make_tuple(kept.array(), kept_indptr, by);
}

py::tuple map_suppression(const py::object& maps, double radius, double threshold, int device, const Stream& stream) {
  const auto map = reals_on_device(maps, "score_map", {kAny, kAny, kAny}, device, stream);
  const auto n_maps = map.shape[0], height = map.shape[1], width = map.shape[2];
  const int bytes = real_bytes_of(map);
  py::array_t<int64_t> peak_indptr(n_maps + 1);
  Found peak{device, stream, 0, nullptr};
  on_device(device, [&, ends = peak_indptr.mutable_data()](motes_error* error) {
    return cuda::map_suppression(map.data, bytes, n_maps, height, width, radius, threshold,
                                 [&](int64_t n) { return peak.room(n, error); }, ends, stream, error);
  });
  const auto centres = empty_array({peak.n, 2}, py::dtype::of<int64_t>(), device, stream);
  const auto scores = empty_array({peak.n}, map.dtype, device, stream);
  on_device(device, [&, ends = peak_indptr.data()](motes_error* error) {
    return cuda::read_peaks(map.data, bytes, n_maps, height, width, static_cast<const int64_t*>(peak.memory.get()), ends,
                            static_cast<int64_t*>(centres.data), scores.data, stream, error);
  });
  return py::make_tuple(centres, scores, peak_indptr);
}

}  // namespace

void register_suppression(py::module_& m) {
  m.def("suppression", &suppression, py::arg("centres"), py::arg("radii"), py::arg("scores"), py::kw_only(),
        py::arg("indptr"), py::arg("measure"), py::arg("threshold"), py::arg("suppressor"), py::arg("device"),
        py::arg("stream") = 0);
  m.def("map_suppression", &map_suppression, py::arg("score_map"), py::kw_only(), py::arg("radius"),
        py::arg("threshold"), py::arg("device"), py::arg("stream") = 0,
        "Centres and scores of the peaks of all maps, and where those of each map begin.");
}

}  // namespace motes::python
