// What bindings of circles share, on a processor and on a GPU.
#pragma once
#include "bindings/wall.hpp"

namespace motes::python {

inline motes_measure measure_of(const std::string& name) {
  if (name == "iou") return MOTES_CIRCLE_IOU;
  if (name == "box_iou") return MOTES_BOX_IOU;
  if (name == "distance") return MOTES_DISTANCE;
  throw py::value_error("measure: expected iou, box_iou or distance, got " + name);
}

inline py::dtype real_of(int real_bytes) { return real_bytes == 8 ? py::dtype::of<double>() : py::dtype::of<float>(); }

// How many pairs there are on all micrographs: what is written has to be there before the kernels see the rest.
inline py::ssize_t pairs_of(const py::array& a_indptr, int64_t n_a, const py::array& b_indptr, int64_t n_b) {
  const auto *a = data_of<int64_t>(a_indptr), *b = data_of<int64_t>(b_indptr);
  py::ssize_t n_pairs = 0;
  for (py::ssize_t m = 0; m + 1 < a_indptr.shape(0); ++m) {
    if (a[m] < 0 || a[m + 1] < a[m] || a[m + 1] > n_a || b[m] < 0 || b[m + 1] < b[m] || b[m + 1] > n_b)
      throw py::value_error("a_indptr, b_indptr: expected to ascend from 0 to the number of rows");
    n_pairs += (a[m + 1] - a[m]) * (b[m + 1] - b[m]);
  }
  return n_pairs;
}

}  // namespace motes::python
