// The machine that stands in for one with GPUs: its devices, their memory, their streams.
//
// Memory. Every allocation has pages of its own between pages that nobody may touch, and is open only while work of a
// stream of its own device runs: the host's touching it, a kernel's running off it, using it after it was given back or
// from another device end the process by a signal, with Python's traceback (faulthandler). Fewer than 256 bytes between
// its end and that of its page are looked at when it is given back. Fresh memory holds rubbish.
//
// Streams. Work put into one waits until somebody waits for it, and runs then in the order that streams and events
// promise, no more: a result that is used too early is rubbish, and host memory that went away too early is found out.
//
// What CUDA would not have noticed, or not at once, is a *fault*: a sentence for the tests (control.cpp).
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cuda_runtime_api.h"

struct CUmemPoolHandle_st {
  uint64_t release_threshold = 0;  // bytes that it keeps of what was given back
};

namespace standin {

struct Settings {
  int n_devices = 2;
  int64_t memory = int64_t{1} << 30;  // bytes of a device
  int order = 2;                      // of threads and blocks: driver.hpp
  bool at_once = false;               // work runs when it is put into a stream
};

constexpr int kMultiprocessors = 2, kThreadsAMultiprocessor = 2048;
constexpr int64_t kSharedPerBlock = 227 << 10, kSharedPerMultiprocessor = 228 << 10, kSharedWithoutAsking = 48 << 10;

struct Allocation {
  char* data;
  size_t bytes;
  char* pages;
  size_t page_bytes;  // without the two that guard them
  int device;
  bool given_back;
};

struct Work {
  std::function<void()> run;
  std::vector<std::pair<CUstream_st*, int64_t>> after;  // streams, and how much of each has to be done before
};

class Machine {
 public:
  std::recursive_mutex alone;
  Settings settings;
  std::vector<std::string> faults;
  std::map<uintptr_t, Allocation> allocations;           // by where they begin
  std::vector<std::unique_ptr<CUstream_st>> streams;     // ever made: a handle is never used again
  std::set<std::unique_ptr<CUevent_st>> events;
  std::map<std::pair<int, const void*>, int64_t> shared_of_function;
  std::map<int, CUmemPoolHandle_st> pools;               // the default one of each device
  cudaError_t failed = cudaSuccess;                      // work of a stream, not told yet
  int64_t n_calls = 0, failing_call = -1;
  cudaError_t failing_code = cudaSuccess;
  int n_launches = 0;

  void fault(const std::string& what);
  int64_t held(int device) const;                        // bytes
  const Allocation* find(const void* pointer) const;     // the allocation that has this address, also behind its end
  cudaStream_t stream(cudaStream_t handle);              // null where there is no such stream
  void put(cudaStream_t stream, std::function<void()> work);
  void finish(cudaStream_t stream, int64_t n);           // the first n pieces of work ever put there
  void finish_all(int device);
  void open(int device);                                 // the memory of this device alone; of none: -1

 private:
  int open_device_ = -1;
  int depth_ = 0;
};

Machine& machine();
extern thread_local int current_device;
extern thread_local cudaError_t last_error;

// A function of the runtime: alone, counted, failing where the tests say so, its error remembered.
template <class Body>
cudaError_t call(Body body, bool fails_after = false) {
  Machine& m = machine();
  const std::lock_guard<std::recursive_mutex> locked(m.alone);
  const bool failing = m.n_calls++ == m.failing_call;
  cudaError_t code = failing && !fails_after ? m.failing_code : body(m);
  if (failing) code = m.failing_code;
  if (code != cudaSuccess) last_error = code;
  return code;
}

cudaError_t refuse_launch(const char* why);
cudaError_t launch(const void* function, int threads, size_t shared_bytes, cudaStream_t stream,
                   std::function<int(int order)> kernel);
cudaError_t set_attribute(const void* function, cudaFuncAttribute attribute, int value);
cudaError_t occupancy(int* blocks, const void* function, int threads, size_t shared_bytes);

}  // namespace standin

struct CUstream_st {
  int device;
  bool blocking, destroyed;
  std::deque<standin::Work> waiting;
  int64_t n_put, n_done;
};

struct CUevent_st {
  int device;
  cudaStream_t stream;  // where it was recorded last
  int64_t n_before;
  bool timed;
  std::shared_ptr<std::chrono::steady_clock::time_point> happened;  // of this record alone
};
