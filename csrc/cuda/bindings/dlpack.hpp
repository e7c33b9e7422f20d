// The layout in memory of a tensor that libraries hand to each other: DLPack 0.x, which every later version still takes
// (https://dmlc.github.io/dlpack/latest/c_api.html).
#pragma once
#include <cstdint>

namespace motes::python::dlpack {

constexpr int32_t kCPU = 1, kCUDA = 2, kCUDAManaged = 13;
constexpr uint8_t kInt = 0, kUnsigned = 1, kFloat = 2;

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
  Tensor tensor;
  void* context;
  void (*deleter)(Managed*);
};

constexpr const char* kName = "dltensor";
constexpr const char* kUsed = "used_dltensor";

}  // namespace motes::python::dlpack
