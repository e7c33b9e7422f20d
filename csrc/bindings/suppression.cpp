#include "bindings/circles.hpp"
#include "bindings/families.hpp"

namespace motes::python {
namespace {

py::array first_of(const py::array& array, int64_t n) { return py::array(array[py::slice(0, n, 1)]).attr("copy")(); }

py::tuple suppression(const py::object& centres, const py::object& radii, const py::object& scores,
                      const py::object& indptr, const std::string& measure, double threshold, bool suppressor,
                      int threads) {
  const CirclesView circles(centres, radii, "");
  const auto s = require_real(scores, "scores", circles.c.real_bytes, {circles.c.n});
  const auto parts = require<int64_t>(indptr, "indptr", {kAny});
  if (parts.shape(0) < 1) throw py::value_error("indptr: empty");
  py::array_t<int64_t> kept(circles.c.n), kept_indptr(parts.shape(0)), by(suppressor ? circles.c.n : 0);
  const auto rule = measure_of(measure);
  run_unlocked(threads, [&, to = kept.mutable_data(), ends = kept_indptr.mutable_data(),
                         who = suppressor ? by.mutable_data() : nullptr](const motes_run* run, motes_error* error) {
    return motes_suppression(&circles.c, s.data(), parts.shape(0) - 1, data_of<int64_t>(parts), rule, threshold, to, ends,
                             who, run, error);
  });
  return py::make_tuple(first_of(kept, kept_indptr.data()[parts.shape(0) - 1]), kept_indptr, by);
}

py::tuple soft_suppression(const py::object& centres, const py::object& radii, const py::object& scores,
                           const py::object& indptr, bool gaussian, double parameter, double min_score, int threads) {
  const CirclesView circles(centres, radii, "");
  const auto s = require_real(scores, "scores", circles.c.real_bytes, {circles.c.n});
  const auto parts = require<int64_t>(indptr, "indptr", {kAny});
  if (parts.shape(0) < 1) throw py::value_error("indptr: empty");
  py::array_t<int64_t> kept(circles.c.n), kept_indptr(parts.shape(0));
  py::array_t<double> decayed(circles.c.n);
  run_unlocked(threads, [&, to = kept.mutable_data(), ends = kept_indptr.mutable_data(),
                         values = decayed.mutable_data()](const motes_run* run, motes_error* error) {
    return motes_soft_suppression(&circles.c, s.data(), parts.shape(0) - 1, data_of<int64_t>(parts),
                                  gaussian ? MOTES_GAUSSIAN_DECAY : MOTES_LINEAR_DECAY, parameter, min_score, values, to,
                                  ends, run, error);
  });
  return py::make_tuple(decayed, first_of(kept, kept_indptr.data()[parts.shape(0) - 1]), kept_indptr);
}

py::list map_suppression(const py::object& maps, double radius, double threshold, int threads) {
  const int bytes = is_double(maps, "score_map") ? 8 : 4;
  const auto map = require_real(maps, "score_map", bytes, {kAny, kAny, kAny});
  py::array_t<int64_t> peak(map.size()), n_peaks(map.shape(0));
  run_unlocked(threads, [&, to = peak.mutable_data(), counts = n_peaks.mutable_data()](const motes_run* run, motes_error* error) {
    return motes_map_suppression(map.data(), bytes, map.shape(0), map.shape(1), map.shape(2), radius, threshold, to,
                                 counts, run, error);
  });
  py::list found;
  const py::ssize_t size = map.shape(1) * map.shape(2);
  for (py::ssize_t k = 0; k < map.shape(0); ++k)
    found.append(py::array(peak[py::slice(k * size, k * size + n_peaks.data()[k], 1)]).attr("copy")());
  return found;
}

}  // namespace

void register_suppression(py::module_& m) {
  m.def("suppression", &suppression, py::arg("centres"), py::arg("radii"), py::arg("scores"), py::kw_only(),
        py::arg("indptr"), py::arg("measure"), py::arg("threshold"), py::arg("suppressor"), py::arg("threads"));
  m.def("soft_suppression", &soft_suppression, py::arg("centres"), py::arg("radii"), py::arg("scores"), py::kw_only(),
        py::arg("indptr"), py::arg("gaussian"), py::arg("parameter"), py::arg("min_score"), py::arg("threads"));
  m.def("map_suppression", &map_suppression, py::arg("score_map"), py::kw_only(), py::arg("radius"),
        py::arg("threshold"), py::arg("threads"));
}

}  // namespace motes::python
