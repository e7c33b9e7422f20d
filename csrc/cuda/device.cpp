#include "cuda/device.hpp"

#include <atomic>
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

// Of memory that was given back, CUDA's own pool keeps as much as this for whoever asks next. Unless told so it keeps none
// beyond the next wait, and every call would have its memory mapped anew. Who told it something else is not overruled.
constexpr uint64_t kKept = uint64_t{2} << 30;

void keep_free_memory(int device) {
  static std::atomic<uint64_t> looked_at{0};
  const uint64_t bit = uint64_t{1} << (device % 64);
  if (looked_at.fetch_or(bit) & bit) return;
  cudaMemPool_t pool = nullptr;
  uint64_t threshold = 0, kept = kKept;
  auto code = cudaDeviceGetDefaultMemPool(&pool, device);
  if (code == cudaSuccess) code = cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold);
  if (code == cudaSuccess && threshold == 0) code = cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept);
  if (code != cudaSuccess) cudaGetLastError();  // slower, not wrong
}

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
  if (failed_ == cudaSuccess && device != before_) {
    failed_ = cudaSetDevice(device);
    changed_ = failed_ == cudaSuccess;
  }
  if (failed_ != cudaSuccess) cudaGetLastError();
}

Current::~Current() {
  if (changed_ && cudaSetDevice(before_) != cudaSuccess) cudaGetLastError();
}

motes_status allocate(int64_t bytes, cudaStream_t stream, void** memory, motes_error* error) {
  *memory = nullptr;
  if (bytes == 0) return MOTES_OK;
  int device = 0;
  if (const auto bad = told(cudaGetDevice(&device), "CUDA: memory", error)) return bad;
  keep_free_memory(device);
  const auto code = cudaMallocAsync(memory, static_cast<size_t>(bytes), stream);
  if (code != cudaErrorMemoryAllocation) return told(code, "CUDA: memory", error);
  cudaGetLastError();
  size_t left = 0, all = 0;
  if (cudaMemGetInfo(&left, &all) != cudaSuccess) cudaGetLastError();
  refuse(error, -1, "cuda:%d: asked for %.3g GB (%lld bytes), %.3g of %.3g GB are free", device,
         gigabytes(static_cast<size_t>(bytes)), static_cast<long long>(bytes), gigabytes(left), gigabytes(all));
  return MOTES_OUT_OF_MEMORY;
}

void release(void* memory, cudaStream_t stream) {
  if (!memory || cudaFreeAsync(memory, stream) == cudaSuccess) return;
  cudaGetLastError();  // of a stream that was destroyed, say: then once all work is done
  if (cudaDeviceSynchronize() != cudaSuccess || cudaFree(memory) != cudaSuccess) cudaGetLastError();
}

motes_status Uploads::put(void* to, const void* from, int64_t bytes, std::shared_ptr<const void> owner,
                          const char* doing, motes_error* error) {
  if (!owners_) owners_ = std::make_unique<Owners>();
  owners_->push_back(std::move(owner));
  return told(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream_), doing, error);
}

void Uploads::let_go() {
  if (!owners_) return;
  const auto drop = [](void* owners) { delete static_cast<Owners*>(owners); };
  if (cudaLaunchHostFunc(stream_, drop, owners_.get()) == cudaSuccess) {
    owners_.release();
    return;
  }
  cudaGetLastError();
  if (cudaStreamSynchronize(stream_) != cudaSuccess) cudaGetLastError();
  owners_.reset();
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
