#include "cuda/bindings/circles.hpp"

#include <pybind11/stl.h>

#include "cuda/bindings/rooms.hpp"
#include "cuda/detections.hpp"

namespace motes::python {

DeviceArray same_reals_on_device(const py::object& value, const char* name, int real_bytes,
                                 std::initializer_list<py::ssize_t> shape, int device, const Stream& stream) {
  auto array = reals_on_device(value, name, shape, device, stream);
  if (real_bytes_of(array) != real_bytes)
    throw py::type_error(std::string(name) + (real_bytes == 8 ? ": expected dtype float64, got float32"
                                                              : ": expected dtype float32, got float64"));
  return array;
}

CirclesOnDevice::CirclesOnDevice(const py::object& centres_, const py::object& radii_, const char* prefix, int device,
                                 const Stream& stream) {
  const std::string name(prefix);
  centres = reals_on_device(centres_, (name + "centres").c_str(), {kAny, 2}, device, stream);
  const int bytes = real_bytes_of(centres);
  radii = same_reals_on_device(radii_, (name + "radii").c_str(), bytes, {centres.shape[0]}, device, stream);
  c = {centres.shape[0], centres.data, radii.data, bytes};
}

namespace {

struct BoxesOnDevice {
  BoxesOnDevice(const py::object& corners_, const py::object& sizes_, const char* prefix, int device, const Stream& stream) {
    const std::string name(prefix);
    corners = reals_on_device(corners_, (name + "corners").c_str(), {kAny, 2}, device, stream);
    const int bytes = real_bytes_of(corners);
    sizes = same_reals_on_device(sizes_, (name + "sizes").c_str(), bytes, {corners.shape[0], 2}, device, stream);
    c = {corners.shape[0], corners.data, sizes.data, bytes};
  }
  DeviceArray corners, sizes;
  motes_boxes c;
};

template <class View, class Call>
DeviceArray paired(const View& a, const View& b, const py::dtype& dtype, int device, const Stream& stream, Call call) {
  auto out = empty_array({a.c.n}, dtype, device, stream);
  on_device(device, [&](motes_error* error) { return call(a.c, b.c, out.data, stream, error); });
  return out;
}

template <class View, class Call>
DeviceArray all_pairs(const View& a, const View& b, const py::object& a_indptr, const py::object& b_indptr,
                      const py::dtype& dtype, int device, const Stream& stream, Call call) {
  const auto ai = require<int64_t>(a_indptr, "a_indptr", {kAny});
  if (ai.shape(0) < 1) throw py::value_error("a_indptr: empty");
  const auto bi = require<int64_t>(b_indptr, "b_indptr", {ai.shape(0)});
  const auto size = pairs_of(ai, a.c.n, bi, b.c.n);
  auto out = empty_array({size}, dtype, device, stream);
  on_device(device, [&, ap = data_of<int64_t>(ai), bp = data_of<int64_t>(bi), n = ai.shape(0) - 1](motes_error* error) {
    return call(a.c, b.c, n, ap, bp, out.data, stream, error);
  });
  return out;
}

py::tuple circles(const py::object& centres, const py::object& radii, const py::object& scores, int device,
                  const Stream& stream) {
  const CirclesOnDevice view(centres, radii, "", device, stream);
  if (scores.is_none()) return py::make_tuple(view.centres, view.radii, py::none());
  return py::make_tuple(view.centres, view.radii,
                        same_reals_on_device(scores, "scores", view.c.real_bytes, {view.c.n}, device, stream));
}

py::tuple split_boxes(const py::object& boxes, const std::string& name, int device, const Stream& stream) {
  const auto rows = reals_on_device(boxes, name.c_str(), {kAny, 4}, device, stream);
  const auto corners = empty_array({rows.shape[0], 2}, rows.dtype, device, stream);
  const auto sizes = empty_array({rows.shape[0], 2}, rows.dtype, device, stream);
  on_device(device, [&](motes_error* error) {
    return cuda::split_boxes(rows.data, real_bytes_of(rows), rows.shape[0], corners.data, sizes.data, stream,
                             error);
  });
  return py::make_tuple(corners, sizes);
}

DeviceArray reals(const py::object& array, const std::string& name, int device, const Stream& stream) {
  const auto n_dimensions = py::len(array.attr("shape"));
  if (n_dimensions == 2) return reals_on_device(array, name.c_str(), {kAny, kAny}, device, stream);
  return reals_on_device(array, name.c_str(), {kAny, kAny, kAny}, device, stream);
}

// A stretch of the same memory.
DeviceArray part(const DeviceArray& array, py::ssize_t first, std::vector<py::ssize_t> shape) {
  DeviceArray result = array;
  result.shape = std::move(shape);
  if (first < 0 || first + result.size() > array.size()) throw py::index_error("part: beyond the array");
  result.data = static_cast<char*>(array.data) + first * array.dtype.itemsize();
  return result;
}

}  // namespace

void register_circles(py::module_& m) {
  const auto pair = [](auto view, auto call) {
    using View = typename decltype(view)::type;
    return [call](const py::object& a_place, const py::object& a_size, const py::object& b_place,
                  const py::object& b_size, int device, const Stream& stream) {
      const View a(a_place, a_size, "a_", device, stream), b(b_place, b_size, "b_", device, stream);
      return paired(a, b, real_of(a.c.real_bytes), device, stream, call);
    };
  };
  const auto all = [](auto view, auto call) {
    using View = typename decltype(view)::type;
    return [call](const py::object& a_place, const py::object& a_size, const py::object& b_place,
                  const py::object& b_size, const py::object& a_indptr, const py::object& b_indptr, int device,
                  const Stream& stream) {
      const View a(a_place, a_size, "a_", device, stream), b(b_place, b_size, "b_", device, stream);
      return all_pairs(a, b, a_indptr, b_indptr, real_of(a.c.real_bytes), device, stream, call);
    };
  };
  m.def("circles", &circles, py::arg("centres"), py::arg("radii"), py::arg("scores"), py::kw_only(), py::arg("device"),
        py::arg("stream") = 0, "Arrays of circles as they are on a device, or copied there.");
  m.def("circle_iou", pair(std::type_identity<CirclesOnDevice>{}, &cuda::circle_iou), py::arg("a_centres"),
        py::arg("a_radii"), py::arg("b_centres"), py::arg("b_radii"), py::kw_only(), py::arg("device"),
        py::arg("stream") = 0);
  m.def("circle_iou_all", all(std::type_identity<CirclesOnDevice>{}, &cuda::circle_iou_all), py::arg("a_centres"),
        py::arg("a_radii"), py::arg("b_centres"), py::arg("b_radii"), py::kw_only(), py::arg("a_indptr"),
        py::arg("b_indptr"), py::arg("device"), py::arg("stream") = 0);
  m.def("box_iou", pair(std::type_identity<BoxesOnDevice>{}, &cuda::box_iou), py::arg("a_corners"), py::arg("a_sizes"),
        py::arg("b_corners"), py::arg("b_sizes"), py::kw_only(), py::arg("device"), py::arg("stream") = 0);
  m.def("box_iou_all", all(std::type_identity<BoxesOnDevice>{}, &cuda::box_iou_all), py::arg("a_corners"),
        py::arg("a_sizes"), py::arg("b_corners"), py::arg("b_sizes"), py::kw_only(), py::arg("a_indptr"),
        py::arg("b_indptr"), py::arg("device"), py::arg("stream") = 0);
  m.def("split_boxes", &split_boxes, py::arg("boxes"), py::arg("name"), py::kw_only(), py::arg("device"),
        py::arg("stream") = 0, "Corners and sizes of rows of x, y, width and height.");
  m.def("reals", &reals, py::arg("array"), py::arg("name"), py::kw_only(), py::arg("device"), py::arg("stream") = 0,
        "A view of two or three dimensions of float32 or float64.");
  m.def("part", &part, py::arg("array"), py::arg("first"), py::arg("shape"), "A stretch of an array, without a copy.");
}

}  // namespace motes::python
