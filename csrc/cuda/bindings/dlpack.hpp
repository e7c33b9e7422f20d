// The layout in memory of a tensor that libraries hand to each other: DLPack 1, and 0, which can not say that an array is
// read-only (https://dmlc.github.io/dlpack/latest/c_api.html).
#pragma once
#include <cstdint>

namespace motes::python::dlpack {

constexpr int32_t kCPU = 1, kCUDA = 2, kCUDAManaged = 13;
constexpr uint64_t kReadOnly = 1;

struct Device {
  int32_t type, index;
};

struct Type {
  uint8_t code, bits;
  uint16_t lanes;
};

struct Tensor {
  void* data;
  Device device;
  int32_t ndim;
  Type dtype;
  int64_t* shape;
  int64_t* strides;  // in numbers; null: C-contiguous
  uint64_t byte_offset;
};

struct Managed {
  static constexpr const char *kName = "dltensor", *kUsed = "used_dltensor";
  Tensor tensor;
  void* context;
  void (*deleter)(Managed*);
};

struct Version {
  uint32_t major, minor;
};

struct Versioned {
  static constexpr const char *kName = "dltensor_versioned", *kUsed = "used_dltensor_versioned";
  Version version;
  void* context;
  void (*deleter)(Versioned*);
  uint64_t flags;
  Tensor tensor;
};

constexpr Version kVersion{1, 0};

}  // namespace motes::python::dlpack
