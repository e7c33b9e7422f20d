#include "bindings/circles.hpp"
#include "bindings/families.hpp"

namespace motes::python {
namespace {

motes_match_rule rule_of(const std::string& name) {
  if (name == "greedy") return MOTES_GREEDY;
  if (name == "optimal") return MOTES_OPTIMAL;
  if (name == "best") return MOTES_BEST;
  if (name == "first") return MOTES_FIRST;
  if (name == "topaz") return MOTES_TOPAZ;
  throw py::value_error("rule: expected greedy, optimal, best, first or topaz, got " + name);
}

struct Pairing {
  Pairing(const py::object& pick_centres, const py::object& pick_radii, const py::object& truth_centres,
          const py::object& truth_radii, const py::object& pick_parts, const py::object& truth_parts)
      : picks(pick_centres, pick_radii, "pick_"), truth(truth_centres, truth_radii, "truth_"),
        pick_indptr(require<int64_t>(pick_parts, "pick_indptr", {kAny})),
        truth_indptr(require<int64_t>(truth_parts, "truth_indptr", {pick_indptr.shape(0)})) {
    if (pick_indptr.shape(0) < 1) throw py::value_error("pick_indptr: empty");
  }
  int64_t n_micrographs() const { return pick_indptr.shape(0) - 1; }
  CirclesView picks, truth;
  py::array pick_indptr, truth_indptr;
};

py::tuple matching(const py::object& pick_centres, const py::object& pick_radii, const py::object& truth_centres,
                   const py::object& truth_radii, const py::object& scores, const py::object& pick_indptr,
                   const py::object& truth_indptr, const std::string& measure, double threshold,
                   const std::string& rule, int threads) {
  const Pairing p(pick_centres, pick_radii, truth_centres, truth_radii, pick_indptr, truth_indptr);
  const py::array s = scores.is_none() ? py::array(py::array_t<double>(0))
                                       : require_real(scores, "scores", p.picks.c.real_bytes, {p.picks.c.n});
  py::array_t<int64_t> matched(p.picks.c.n);
  py::array_t<double> overlap(p.picks.c.n);
  const auto by = measure_of(measure);
  const auto how = rule_of(rule);
  const void* score = scores.is_none() ? nullptr : s.data();
  run_unlocked(threads, [&, to = matched.mutable_data(), values = overlap.mutable_data()](const motes_run* run, motes_error* error) {
    return motes_matching(&p.picks.c, score, &p.truth.c, p.n_micrographs(), data_of<int64_t>(p.pick_indptr),
                          data_of<int64_t>(p.truth_indptr), by, threshold, how, to, values, run, error);
  });
  return py::make_tuple(matched, overlap);
}

py::tuple near_pairs(const py::object& pick_centres, const py::object& pick_radii, const py::object& truth_centres,
                     const py::object& truth_radii, const py::object& pick_indptr, const py::object& truth_indptr,
                     const std::string& measure, double threshold, int threads) {
  const Pairing p(pick_centres, pick_radii, truth_centres, truth_radii, pick_indptr, truth_indptr);
  const auto by = measure_of(measure);
  py::array_t<int64_t> indptr(p.picks.c.n + 1), partner(2 * p.picks.c.n);
  py::array_t<double> overlap(2 * p.picks.c.n);
  const auto call = [&] {
    motes_status status = MOTES_OK;
    run_unlocked(threads, [&, ends = indptr.mutable_data(), to = partner.mutable_data(), values = overlap.mutable_data(),
                           capacity = partner.size()](const motes_run* run, motes_error* error) {
      status = motes_near_pairs(&p.picks.c, &p.truth.c, p.n_micrographs(), data_of<int64_t>(p.pick_indptr),
                                data_of<int64_t>(p.truth_indptr), by, threshold, capacity, ends, to, values, run, error);
      return status == MOTES_TOO_SMALL ? MOTES_OK : status;
    });
    return status;
  };
  if (call() == MOTES_TOO_SMALL) {
    partner = py::array_t<int64_t>(indptr.data()[p.picks.c.n]);
    overlap = py::array_t<double>(indptr.data()[p.picks.c.n]);
    call();
  }
  const py::slice used(0, indptr.data()[p.picks.c.n], 1);
  return py::make_tuple(indptr, partner[used], overlap[used]);
}

}  // namespace

void register_matching(py::module_& m) {
  m.def("matching", &matching, py::arg("pick_centres"), py::arg("pick_radii"), py::arg("truth_centres"),
        py::arg("truth_radii"), py::kw_only(), py::arg("scores"), py::arg("pick_indptr"), py::arg("truth_indptr"),
        py::arg("measure"), py::arg("threshold"), py::arg("rule"), py::arg("threads"));
  m.def("near_pairs", &near_pairs, py::arg("pick_centres"), py::arg("pick_radii"), py::arg("truth_centres"),
        py::arg("truth_radii"), py::kw_only(), py::arg("pick_indptr"), py::arg("truth_indptr"), py::arg("measure"),
        py::arg("threshold"), py::arg("threads"));
}

}  // namespace motes::python
