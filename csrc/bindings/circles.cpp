#include "bindings/circles.hpp"

#include "bindings/families.hpp"

namespace motes::python {

py::array require_real(const py::object& value, const char* name, int real_bytes, std::initializer_list<py::ssize_t> shape) {
  return real_bytes == 8 ? require<double>(value, name, shape) : require<float>(value, name, shape);
}

CirclesView::CirclesView(const py::object& centres_, const py::object& radii_, const char* prefix) {
  const std::string name(prefix);
  const std::string centre_name = name + "centres", radius_name = name + "radii";
  const int bytes = is_double(centres_, centre_name.c_str()) ? 8 : 4;
  centres = require_real(centres_, centre_name.c_str(), bytes, {kAny, 2});
  radii = require_real(radii_, radius_name.c_str(), bytes, {centres.shape(0)});
  c = {centres.shape(0), centres.data(), radii.data(), bytes};
}

namespace {

struct BoxesView {
  BoxesView(const py::object& corners_, const py::object& sizes_, const char* name) {
    const std::string corner_name = std::string(name) + "corners", size_name = std::string(name) + "sizes";
    const int bytes = is_double(corners_, corner_name.c_str()) ? 8 : 4;
    corners = require_real(corners_, corner_name.c_str(), bytes, {kAny, 2});
    sizes = require_real(sizes_, size_name.c_str(), bytes, {corners.shape(0), 2});
    c = {corners.shape(0), corners.data(), sizes.data(), bytes};
  }
  py::array corners, sizes;
  motes_boxes c;
};

py::array real_output(py::ssize_t n, int real_bytes) {
  return real_bytes == 8 ? py::array(py::array_t<double>(n)) : py::array(py::array_t<float>(n));
}

template <class View, class Call>
py::array paired(const View& a, const View& b, int threads, Call call) {
  auto out = real_output(a.c.n, a.c.real_bytes);
  run_unlocked(threads, [&, to = out.mutable_data()](const motes_run* run, motes_error* error) {
    return call(&a.c, &b.c, to, run, error);
  });
  return out;
}

template <class View, class Call>
py::array all_pairs(const View& a, const View& b, const py::object& a_indptr, const py::object& b_indptr, int threads,
                    Call call) {
  const auto ai = require<int64_t>(a_indptr, "a_indptr", {kAny});
  if (ai.shape(0) < 1) throw py::value_error("a_indptr: empty");
  const auto bi = require<int64_t>(b_indptr, "b_indptr", {ai.shape(0)});
  auto out = real_output(pairs_of(ai, a.c.n, bi, b.c.n), a.c.real_bytes);
  run_unlocked(threads, [&, to = out.mutable_data(), ap = data_of<int64_t>(ai), bp = data_of<int64_t>(bi),
                         n = ai.shape(0) - 1](const motes_run* run, motes_error* error) {
    return call(&a.c, &b.c, n, ap, bp, to, run, error);
  });
  return out;
}

}  // namespace

void register_circles(py::module_& m) {
  const auto pair = [](auto view, auto call) {
    using View = typename decltype(view)::type;
    return [call](const py::object& a_place, const py::object& a_size, const py::object& b_place,
                  const py::object& b_size, int threads) {
      return paired(View(a_place, a_size, "a_"), View(b_place, b_size, "b_"), threads, call);
    };
  };
  const auto all = [](auto view, auto call) {
    using View = typename decltype(view)::type;
    return [call](const py::object& a_place, const py::object& a_size, const py::object& b_place,
                  const py::object& b_size, const py::object& a_indptr, const py::object& b_indptr, int threads) {
      return all_pairs(View(a_place, a_size, "a_"), View(b_place, b_size, "b_"), a_indptr, b_indptr, threads, call);
    };
  };
  m.def("circle_iou", pair(std::type_identity<CirclesView>{}, &motes_circle_iou), py::arg("a_centres"), py::arg("a_radii"),
        py::arg("b_centres"), py::arg("b_radii"), py::kw_only(), py::arg("threads"));
  m.def("circle_iou_all", all(std::type_identity<CirclesView>{}, &motes_circle_iou_all), py::arg("a_centres"),
        py::arg("a_radii"), py::arg("b_centres"), py::arg("b_radii"), py::kw_only(), py::arg("a_indptr"),
        py::arg("b_indptr"), py::arg("threads"));
  m.def("box_iou", pair(std::type_identity<BoxesView>{}, &motes_box_iou), py::arg("a_corners"), py::arg("a_sizes"),
        py::arg("b_corners"), py::arg("b_sizes"), py::kw_only(), py::arg("threads"));
  m.def("box_iou_all", all(std::type_identity<BoxesView>{}, &motes_box_iou_all), py::arg("a_corners"), py::arg("a_sizes"),
        py::arg("b_corners"), py::arg("b_sizes"), py::kw_only(), py::arg("a_indptr"), py::arg("b_indptr"),
        py::arg("threads"));
  m.def("equal_radii_distance", [](double iou) {
    double distance = 0;
    motes_error error{};
    check(motes_equal_radii_distance(iou, &distance, &error), error);
    return distance;
  }, py::arg("iou"));
}

}  // namespace motes::python
