#include "cuda/device.hpp"

#include <cstdio>
#include <utility>

#include "dispatch/validate.hpp"

namespace motes::cuda {
namespace {

motes_status failed(motes_error* error, const char* format, const char* doing, const char* why) {
  refuse(error, -1, format, doing, why);
  return MOTES_DEVICE_FAILED;
}

double gigabytes(size_t bytes) { return static_cast<double>(bytes) / 1e9; }

}  // namespace

motes_status told(cudaError_t code, const char* doing, motes_error* error) {
  if (code == cudaSuccess) return MOTES_OK;
  cudaGetLastError();
  if (code == cudaErrorInsufficientDriver || code == cudaErrorStubLibrary) {
    int version = 0;
    if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0)
      return failed(error, "%s: no NVIDIA driver on this machine%s", doing, "");
    char why[64];
    std::snprintf(why, sizeof why, "it knows CUDA %d.%d, this build needs %d.%d", version / 1000, version % 1000 / 10,
                  CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    return failed(error, "%s: the NVIDIA driver is too old: %s", doing, why);
  }
  return failed(error, "%s: %s", doing, cudaGetErrorString(code));
}

motes_status count_devices(int* n_devices, motes_error* error) {
  *n_devices = 0;
  if (const auto bad = told(cudaGetDeviceCount(n_devices), "CUDA", error)) return bad;
  return *n_devices > 0 ? MOTES_OK : failed(error, "%s: %s", "CUDA", "no GPU that this process may use");
}

motes_status validate_device(int device, motes_error* error) {
  int n_devices = 0;
  if (const auto bad = count_devices(&n_devices, error)) return bad;
  if (device < 0 || device >= n_devices)
    return refuse(error, -1, "device: cuda:%d is not there, this process sees cuda:0 to cuda:%d", device,
                  n_devices - 1);
  return MOTES_OK;
}

motes_status facts_of(int device, DeviceFacts* facts, motes_error* error) {
  if (const auto bad = validate_device(device, error)) return bad;
  cudaDeviceProp found;
  if (const auto bad = told(cudaGetDeviceProperties(&found, device), "CUDA: properties of a device", error)) return bad;
  *facts = {{},
            found.major,
            found.minor,
            found.multiProcessorCount,
            static_cast<int64_t>(found.totalGlobalMem),
            static_cast<int64_t>(found.sharedMemPerBlockOptin)};
  std::snprintf(facts->name, sizeof facts->name, "%s", found.name);
  return MOTES_OK;
}

motes_status limits_of_current(Limits* limits, motes_error* error) {
  int device = 0, shared = 0;
  auto code = cudaGetDevice(&device);
  if (code == cudaSuccess)
    code = cudaDeviceGetAttribute(&limits->multiprocessors, cudaDevAttrMultiProcessorCount, device);
  if (code == cudaSuccess) code = cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  limits->shared_per_block = shared;
  return told(code, "CUDA: properties of a device", error);
}

Current::Current(int device) {
  failed_ = cudaGetDevice(&before_);
  if (failed_ == cudaSuccess && device != before_) failed_ = cudaSetDevice(device);
}

Current::~Current() {
  if (failed_ == cudaSuccess) cudaSetDevice(before_);
}

motes_status allocate(int64_t bytes, cudaStream_t stream, void** memory, motes_error* error) {
  *memory = nullptr;
  if (bytes == 0) return MOTES_OK;
  const auto code = cudaMallocAsync(memory, static_cast<size_t>(bytes), stream);
  if (code != cudaErrorMemoryAllocation) return told(code, "CUDA: memory", error);
  cudaGetLastError();
  size_t left = 0, all = 0;
  int device = 0;
  cudaGetDevice(&device);
  cudaMemGetInfo(&left, &all);
  refuse(error, -1, "cuda:%d: asked for %.3g GB (%lld bytes), %.3g of %.3g GB are free", device,
         gigabytes(static_cast<size_t>(bytes)), static_cast<long long>(bytes), gigabytes(left), gigabytes(all));
  return MOTES_OUT_OF_MEMORY;
}

void release(void* memory, cudaStream_t stream) {
  if (memory && cudaFreeAsync(memory, stream) != cudaSuccess) cudaGetLastError();
}

motes_status upload(void* to, const void* from, int64_t bytes, std::shared_ptr<const void> owner, cudaStream_t stream,
                    const char* doing, motes_error* error) {
  using Owner = std::shared_ptr<const void>;
  auto held = std::make_unique<Owner>(std::move(owner));
  if (const auto bad =
          told(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream), doing, error))
    return bad;
  const auto let_go = [](void* kept) { delete static_cast<Owner*>(kept); };
  if (cudaLaunchHostFunc(stream, let_go, held.get()) == cudaSuccess) {
    held.release();
    return MOTES_OK;
  }
  cudaGetLastError();
  return told(cudaStreamSynchronize(stream), doing, error);
}

motes_status wait_for(cudaStream_t earlier, cudaStream_t later, motes_error* error) {
  if (earlier == later) return MOTES_OK;
  cudaEvent_t event;
  if (const auto bad = told(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "CUDA: event", error)) return bad;
  auto code = cudaEventRecord(event, earlier);
  if (code == cudaSuccess) code = cudaStreamWaitEvent(later, event, 0);
  cudaEventDestroy(event);  // released by CUDA once it has happened
  return told(code, "CUDA: waiting for a stream", error);
}

}  // namespace motes::cuda
