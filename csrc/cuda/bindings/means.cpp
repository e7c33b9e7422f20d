#include "cuda/bindings/means.hpp"

#include <string>

#include "cuda/families.hpp"

namespace motes::python {

DeviceArray means_on_device(const py::object& templates, const std::pair<int, int>& shape, py::ssize_t n_pixels,
                            double most, int device, const Stream& stream) {
  const py::ssize_t height = shape.first, width = shape.second;
  if (height < 0 || width < 0 || height * width != n_pixels)
    throw py::value_error("shape: expected that of " + std::to_string(n_pixels) + " pixels");
  auto means = reals_on_device(templates, "templates", {kAny, height, width}, device, stream);
  int64_t bad = 0;
  double value = 0;
  on_device(device, [&](motes_error* error) {
    return cuda::check_means(means.data, static_cast<int>(means.dtype.itemsize()), means.size(), most, &bad, &value,
                             stream, error);
  });
  if (bad == means.size()) return means;
  const std::string kind = most == 1 ? "a mean from 0 to 1" : "a finite mean, 0 or more";
  throw py::value_error("templates: expected " + kind + ", got " + std::string(py::str(py::float_(value))) +
                        " in template " + std::to_string(bad / n_pixels) + ", pixel " + std::to_string(bad % n_pixels));
}

}  // namespace motes::python
