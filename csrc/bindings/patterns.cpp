#include "bindings/patterns.hpp"

#include "bindings/families.hpp"

namespace motes::python {

PatternsView::PatternsView(const py::object& indptr, const py::object& pixels, const py::object& multi_position,
                           const py::object& multi_extra, int64_t n_pixels, bool check_photons)
    : indptr_(require<int64_t>(indptr, "indptr", {kAny})),
      pixels_(n_pixels <= 65536 ? require<uint16_t>(pixels, "pixels", {kAny}) : require<uint32_t>(pixels, "pixels", {kAny})),
      multi_position_(require<int64_t>(multi_position, "multi_position", {kAny})),
      multi_extra_(require<int32_t>(multi_extra, "multi_extra", {multi_position_.shape(0)})) {
  if (indptr_.shape(0) < 1) throw py::value_error("indptr: expected at least one value");
  view_ = {sizeof view_,
           indptr_.shape(0) - 1,
           n_pixels,
           data_of<int64_t>(indptr_),
           pixels_.data(),
           static_cast<int>(pixels_.itemsize()),
           multi_position_.shape(0),
           data_of<int64_t>(multi_position_),
           data_of<int32_t>(multi_extra_)};
  const int64_t last = view_.indptr[view_.n_patterns];
  if (last > pixels_.shape(0))
    throw py::value_error("indptr: ends at " + std::to_string(last) + ", beyond the " +
                          std::to_string(pixels_.shape(0)) + " values of pixels");
  if (!check_photons) return;  // parts and rearrangements of what was checked before
  motes_error error{};
  motes_status status;
  {
    py::gil_scoped_release unlocked;
    status = motes_check_patterns(&view_, &error);
  }
  check(status, error);
  if (view_.n_multi > 0 && (view_.multi_position[0] < 0 || view_.multi_position[view_.n_multi - 1] >= pixels_.shape(0)))
    throw py::value_error("multi_position: expected positions in pixels, 0.." + std::to_string(pixels_.shape(0) - 1));
}

namespace {

py::tuple take(const PatternsView& patterns, const py::object& which, int threads) {
  const auto indices = require<int64_t>(which, "which", {kAny});
  int64_t n_lit = 0, n_multi = 0;
  motes_error error{};
  check(motes_take_count(&patterns.c(), data_of<int64_t>(indices), indices.shape(0), &n_lit, &n_multi, &error), error);
  py::array_t<int64_t> indptr(indices.shape(0) + 1), position(n_multi);
  py::array_t<int32_t> extra(n_multi);
  py::array pixels = patterns.c().pixel_bytes == 2 ? py::array(py::array_t<uint16_t>(n_lit)) : py::array(py::array_t<uint32_t>(n_lit));
  run_unlocked(threads, [&, to = pixels.mutable_data(), ptr = indptr.mutable_data(), pos = position.mutable_data(),
                         more = extra.mutable_data()](const motes_run* run, motes_error* failure) {
    return motes_take(&patterns.c(), data_of<int64_t>(indices), indices.shape(0), ptr, to, pos, more, run, failure);
  });
  return py::make_tuple(indptr, pixels, position, extra);
}

py::array total_image(const PatternsView& patterns, int threads) {
  py::array_t<int64_t> photons(patterns.n_pixels());
  run_unlocked(threads, [&, to = photons.mutable_data()](const motes_run* run, motes_error* error) {
    return motes_total_image(&patterns.c(), to, run, error);
  });
  return photons;
}

}  // namespace

void register_patterns(py::module_& m) {
  py::class_<PatternsView>(m, "PatternsView", "Patterns as the kernels see them: arrays kept alive, photons checked once.")
      .def(py::init<const py::object&, const py::object&, const py::object&, const py::object&, int64_t, bool>(),
           py::arg("indptr"), py::arg("pixels"), py::arg("multi_position"), py::arg("multi_extra"), py::kw_only(),
           py::arg("n_pixels"), py::arg("check_photons") = true)
      .def("__len__", &PatternsView::size)
      .def_property_readonly("n_pixels", &PatternsView::n_pixels);
  m.def("take", &take, py::arg("patterns"), py::arg("which"), py::kw_only(), py::arg("threads"));
  m.def("total_image", &total_image, py::arg("patterns"), py::kw_only(), py::arg("threads"));
}

}  // namespace motes::python
