// What the tests ask of the machine and tell it, through ctypes: tests/standin.py.
#include <chrono>
#include <cstdio>
#include <thread>

#include "machine.hpp"

using standin::machine;

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void standin_set(int n_devices, int64_t memory, int order, int at_once) {
  auto& m = machine();
  const std::lock_guard<std::recursive_mutex> locked(m.alone);
  m.settings = {n_devices, memory, order, at_once != 0};
}

// From now on the n-th call (0: the next) of the runtime fails with this code, once; -1: none. Returns how many calls
// there have been since this was said last.
EXPORT int64_t standin_fail(int64_t n, int code) {
  auto& m = machine();
  const std::lock_guard<std::recursive_mutex> locked(m.alone);
  m.failing_call = n;
  m.failing_code = static_cast<cudaError_t>(code);
  return std::exchange(m.n_calls, 0);
}

// Does all work that still waits; returns how many bytes are held on all devices.
EXPORT int64_t standin_held() {
  auto& m = machine();
  const std::lock_guard<std::recursive_mutex> locked(m.alone);
  int64_t bytes = 0;
  for (size_t k = 0; k < m.streams.size(); ++k) m.finish(m.streams[k].get(), m.streams[k]->n_put);
  for (const auto& [at, one] : m.allocations) bytes += static_cast<int64_t>(one.bytes);
  return bytes;
}

// Bytes that the default pool of a device keeps of what was given back.
EXPORT int64_t standin_kept(int device) {
  auto& m = machine();
  const std::lock_guard<std::recursive_mutex> locked(m.alone);
  return static_cast<int64_t>(m.pools[device].release_threshold);
}

// Pieces of work that wait in a stream.
EXPORT int64_t standin_waiting() {
  auto& m = machine();
  const std::lock_guard<std::recursive_mutex> locked(m.alone);
  int64_t n = 0;
  for (const auto& stream : m.streams) n += stream->n_put - stream->n_done;
  return n;
}

// The first fault that was not told yet: whether there was one.
EXPORT int standin_fault(char* text, int64_t size) {
  auto& m = machine();
  const std::lock_guard<std::recursive_mutex> locked(m.alone);
  if (m.faults.empty()) return 0;
  std::snprintf(text, static_cast<size_t>(size), "%s", m.faults.front().c_str());
  m.faults.erase(m.faults.begin());
  return 1;
}

// Lets no call of CUDA come to its end until `go` is set, or two seconds are over: whether it was set.
EXPORT int standin_hold(const volatile int* go) {
  const std::lock_guard<std::recursive_mutex> locked(machine().alone);
  for (int k = 0; k < 2000 && !*go; ++k) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return *go;
}

// CUDA's own functions, which the tests call as another library would: they have C++ names here.
EXPORT int standin_last_error() { return cudaGetLastError(); }
EXPORT int standin_current_device() {
  int device = -1;
  cudaGetDevice(&device);
  return device;
}
EXPORT int standin_set_device(int device) { return cudaSetDevice(device); }
EXPORT void* standin_stream(int non_blocking) {
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, non_blocking ? cudaStreamNonBlocking : cudaStreamDefault);
  return stream;
}
EXPORT int standin_destroy(cudaStream_t stream) { return cudaStreamDestroy(stream); }
EXPORT int standin_wait(cudaStream_t stream) { return cudaStreamSynchronize(stream); }
