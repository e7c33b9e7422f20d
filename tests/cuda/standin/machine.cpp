// Errors, devices and launches.
#include "machine.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "driver.hpp"

namespace motes::cuda {
extern unsigned char memory_of_block[];
unsigned char memory_of_block[1];  // of run_phases (launch.cuh), which nobody calls here
}  // namespace motes::cuda

namespace standin {

thread_local int current_device = 0;
thread_local cudaError_t last_error = cudaSuccess;

Machine& machine() {
  static auto& the_one = *new Machine;  // outlives whatever Python lets go of at its end
  return the_one;
}

void Machine::fault(const std::string& what) {
  std::fprintf(stderr, "stand-in for a GPU: %s\n", what.c_str());
  faults.push_back(what);
}

cudaError_t refuse_launch(const char* why) {
  return call([&](Machine& m) {
    m.fault(why);
    return cudaErrorInvalidValue;
  });
}

cudaError_t launch(const void* function, int threads, size_t shared_bytes, cudaStream_t handle,
                   std::function<int(int)> kernel) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    if (!stream || stream->device != current_device) return cudaErrorInvalidResourceHandle;
    const auto asked = m.shared_of_function.find({current_device, function});
    const int64_t room = asked == m.shared_of_function.end() ? kSharedWithoutAsking : asked->second;
    if (threads < 1 || threads > 1024 || static_cast<int64_t>(shared_bytes) > room) return cudaErrorInvalidValue;
    const int order = m.settings.order;
    const int own = order > motes::cuda::kDescending ? order + ++m.n_launches : order;
    m.put(stream, [&m, kernel = std::move(kernel), own] {
      const int verdict = kernel(own);
      if (verdict == motes::cuda::kFine) return;
      m.fault("a kernel went beyond its shared memory: verdict " + std::to_string(verdict) + " of driver.hpp");
      m.failed = cudaErrorIllegalAddress;
    });
    return cudaSuccess;
  });
}

cudaError_t set_attribute(const void* function, cudaFuncAttribute attribute, int value) {
  return call([&](Machine& m) {
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || value > kSharedPerBlock)
      return cudaErrorInvalidValue;
    m.shared_of_function[{current_device, function}] = value;
    return cudaSuccess;
  });
}

cudaError_t occupancy(int* blocks, const void*, int threads, size_t shared_bytes) {
  return call([&](Machine&) {
    const auto own = static_cast<int64_t>(shared_bytes) + 1024;  // of each block CUDA takes as much for itself
    *blocks = static_cast<int>(std::min<int64_t>(kThreadsAMultiprocessor / threads, kSharedPerMultiprocessor / own));
    return cudaSuccess;
  });
}

}  // namespace standin

using standin::call;
using standin::current_device;
using standin::Machine;

namespace {

bool is_device(const Machine& m, int device) { return 0 <= device && device < m.settings.n_devices; }

}  // namespace

const char* cudaGetErrorString(cudaError_t code) {
  switch (code) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle: return "invalid resource handle";
    case cudaErrorNotReady: return "device not ready";
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    default: return "unknown error";
  }
}

cudaError_t cudaGetLastError() { return std::exchange(standin::last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return standin::last_error; }

cudaError_t cudaDriverGetVersion(int* version) {
  return call([&](Machine& m) {
    *version = m.settings.n_devices < 0 ? 0 : CUDART_VERSION;
    return cudaSuccess;
  });
}

// A machine with -1 devices has no driver.
cudaError_t cudaGetDeviceCount(int* count) {
  return call([&](Machine& m) {
    if (m.settings.n_devices < 0) return cudaErrorInsufficientDriver;
    *count = m.settings.n_devices;
    return *count ? cudaSuccess : cudaErrorNoDevice;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return call([&](Machine&) {
    *device = current_device;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return call([&](Machine& m) {
    if (!is_device(m, device)) return cudaErrorInvalidDevice;
    current_device = device;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return call([&](Machine& m) {
    if (!is_device(m, device)) return cudaErrorInvalidDevice;
    *properties = {"stand-in for a GPU, on the host", static_cast<size_t>(m.settings.memory),
                   static_cast<size_t>(standin::kSharedPerBlock), 0, 0, standin::kMultiprocessors};
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return call([&](Machine& m) {
    if (!is_device(m, device)) return cudaErrorInvalidDevice;
    *value = attribute == cudaDevAttrMultiProcessorCount ? standin::kMultiprocessors
                                                         : static_cast<int>(standin::kSharedPerBlock);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call(
      [](Machine& m) {
        m.finish_all(current_device);
        return std::exchange(m.failed, cudaSuccess);
      },
      true);
}
