// The CUDA stream of a caller, with the object that it belongs to: what was made in a stream's order is given back in it,
// and CUDA does not say what becomes of calls with a stream that was destroyed. Of a bare handle the caller sees to it.
#pragma once
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>

#include "cuda/device.hpp"

namespace motes::python {

namespace py = pybind11;

// Keeps a Python object alive, also where nobody holds the GIL when it is let go.
inline std::shared_ptr<void> kept(const py::handle& object) {
  return {object.inc_ref().ptr(), [](void* pointer) {
            py::gil_scoped_acquire locked;
            py::handle(static_cast<PyObject*>(pointer)).dec_ref();
          }};
}

inline cudaStream_t stream_of(uint64_t handle) { return reinterpret_cast<cudaStream_t>(handle); }

struct Stream {
  cudaStream_t handle = nullptr;
  std::shared_ptr<void> owner;

  operator cudaStream_t() const { return handle; }
  // As DLPack and __cuda_array_interface__ call it: there, 0 is no stream.
  uint64_t number() const { return handle ? reinterpret_cast<uint64_t>(handle) : 1; }
};

}  // namespace motes::python

// A handle, or motes.devices.Stream: a handle and its owner.
template <>
struct pybind11::detail::type_caster<motes::python::Stream> {
  PYBIND11_TYPE_CASTER(motes::python::Stream, const_name("int | Stream"));

  bool load(handle source, bool convert) {
    make_caster<uint64_t> number;
    if (!isinstance<tuple>(source)) {
      if (!number.load(source, convert)) return false;
      value = {motes::python::stream_of(number), nullptr};
      return true;
    }
    const auto given = reinterpret_borrow<tuple>(source);
    if (given.size() != 2 || !number.load(given[0], convert)) return false;
    value = {motes::python::stream_of(number), given[1].is_none() ? nullptr : motes::python::kept(given[1])};
    return true;
  }
};
