// From a status to a Python exception; out of memory keeps its sentence.
#pragma once
#include <pybind11/pybind11.h>

#include <optional>

#include "cuda/device.hpp"
#include "motes/error.hpp"

namespace motes::python {

inline void surface(motes_status status, const motes_error& error) {
  if (status != MOTES_OUT_OF_MEMORY && status != MOTES_DEVICE_FAILED) return check(status, error);
  if (status == MOTES_OUT_OF_MEMORY)
    PyErr_SetString(PyExc_MemoryError, *error.text ? error.text : "memory of the host");
  else
    PyErr_SetString(pybind11::module_::import("motes.errors").attr("DeviceError").ptr(), error.text);
  throw pybind11::error_already_set();
}

// Calls `call(motes_error*)` with a device current, and without the GIL.
template <class Call>
void on_device(int device, Call&& call) {
  motes_error error{};
  motes_status status;
  {
    pybind11::gil_scoped_release unlocked;
    status = cuda::validate_device(device, &error);
    if (status == MOTES_OK) {
      const cuda::Current current(device);
      status = cuda::told(current.failed(), "CUDA: choosing a device", &error);
      if (status == MOTES_OK) status = call(&error);
    }
  }
  surface(status, error);
}

// Memory is let go of by whoever comes last, with the GIL or without: what is waited for then may need it.
template <class Body>
void without_gil(Body body) {
  std::optional<pybind11::gil_scoped_release> unlocked;
  if (PyGILState_Check()) unlocked.emplace();
  body();
}

}  // namespace motes::python
