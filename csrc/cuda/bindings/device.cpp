#include <string>

#include "cuda/bindings/rooms.hpp"
#include "cuda/bindings/surface.hpp"

namespace motes::python {
namespace {

namespace py = pybind11;

int device_count() {
  int n_devices = 0;
  motes_error error{};
  motes_status status;
  {
    py::gil_scoped_release unlocked;
    status = cuda::count_devices(&n_devices, &error);
  }
  surface(status, error);
  return n_devices;
}

py::dict device_facts(int device) {
  cuda::DeviceFacts facts{};
  on_device(device, [&](motes_error* error) { return cuda::facts_of(device, &facts, error); });
  py::dict found;
  found["name"] = facts.name;
  found["architecture"] = "sm_" + std::to_string(facts.major) + std::to_string(facts.minor);
  found["multiprocessors"] = facts.multiprocessors;
  found["memory"] = facts.memory;
  return found;
}

}  // namespace

void register_device(py::module_& m) {
  m.def("device_count", &device_count, "How many GPUs this process sees; a RuntimeError where there is none.");
  m.def("device_facts", &device_facts, py::arg("device"), "Name, architecture, multiprocessors, bytes of memory.");
  m.def(
      "synchronize",
      [](int device) {
        on_device(device, [](motes_error* error) { return cuda::told(cudaDeviceSynchronize(), "CUDA", error); });
      },
      py::arg("device"), "Wait for everything; what went wrong on the device comes out here at the latest.");
}

}  // namespace motes::python
