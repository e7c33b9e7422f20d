// Circles and micrographs as Python hands them over.
#pragma once
#include "bindings/detections.hpp"
#include "bindings/wall.hpp"

namespace motes::python {

// The arrays behind a motes_circles, kept alive.
struct CirclesView {
  CirclesView(const py::object& centres_, const py::object& radii_, const char* prefix);
  py::array centres, radii;
  motes_circles c;
};

// An array of the same real type as the circles.
py::array require_real(const py::object& value, const char* name, int real_bytes, std::initializer_list<py::ssize_t> shape);

}  // namespace motes::python
