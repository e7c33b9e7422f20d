// By how much the best template of each pattern beats the second: the library's likelihood, then a loop of one's own,
// without Python's lock and on arrays as they lie in NumPy. examples/cython has the same in Cython.
#include <motes/ingest.hpp>
#include <motes/likelihood.hpp>
#include <pybind11/numpy.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

namespace py = pybind11;
template <class T>
using Array = py::array_t<T, py::array::c_style>;  // no forcecast: an array of another type is refused, not copied

Array<float> margin(const Array<int64_t>& indptr, const Array<uint16_t>& pixels, const Array<float>& weights,
                    const Array<float>& base, int threads) {
  if (indptr.ndim() != 1 || pixels.ndim() != 1 || weights.ndim() != 2 || base.ndim() != 1)
    throw std::invalid_argument("expected indptr (N + 1,), pixels (n,), weights (M, R) and base (R,)");
  // Where an array ends the library can not know; what is in it, check_patterns looks at.
  if (indptr.size() == 0 || indptr.data()[indptr.size() - 1] > pixels.size())
    throw std::invalid_argument("indptr: ends beyond the end of pixels");
  if (base.size() < 2) throw std::invalid_argument("base: expected two templates or more");
  motes_patterns patterns{};  // one photon in a lit pixel: nothing in `multi_position`
  patterns.struct_size = sizeof patterns;
  patterns.n_patterns = indptr.size() - 1;
  patterns.n_pixels = weights.shape(0);
  patterns.indptr = indptr.data();
  patterns.pixels = pixels.data();
  patterns.pixel_bytes = 2;
  motes_run run = MOTES_RUN_INIT;
  run.threads = threads;

  const auto n_templates = static_cast<size_t>(base.size());
  Array<float> result(patterns.n_patterns);
  float* ahead = result.mutable_data();
  {
    py::gil_scoped_release unlocked;
    std::vector<float> scores(static_cast<size_t>(patterns.n_patterns) * n_templates);
    motes::check_patterns(patterns);
    motes::likelihood(patterns, {weights.data(), static_cast<size_t>(weights.size())}, {base.data(), n_templates}, scores,
                      &run);
    for (auto row = scores.begin(); row != scores.end(); row += static_cast<std::ptrdiff_t>(n_templates)) {
      std::partial_sort(row, row + 2, row + static_cast<std::ptrdiff_t>(n_templates), std::greater<>());
      *ahead++ = row[0] - row[1];
    }
  }
  return result;
}

PYBIND11_MODULE(motes_pybind11, m, py::mod_gil_not_used()) {
  m.def("margin", &margin, py::arg("indptr").noconvert(), py::arg("pixels").noconvert(), py::arg("weights").noconvert(),
        py::arg("base").noconvert(), py::kw_only(), py::arg("threads") = 0);  // motes::Error is a ValueError in Python
}
