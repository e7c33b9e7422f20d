// Devices, streams and memory of CUDA: every call of its runtime is checked, and what failed becomes a status and a
// sentence. An error that was told is cleared; no later call sees it.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "motes/motes.h"

namespace motes::cuda {

// MOTES_OK for cudaSuccess; else the status, and "<doing>: <what CUDA says>".
motes_status told(cudaError_t code, const char* doing, motes_error* error);

// How many there are, and a sentence where there is none.
motes_status count_devices(int* n_devices, motes_error* error);
motes_status validate_device(int device, motes_error* error);

struct DeviceFacts {
  char name[256];
  int major, minor, multiprocessors;
  int64_t memory, shared_per_block;  // bytes; the most shared memory that a block can ask for
};
motes_status facts_of(int device, DeviceFacts* facts, motes_error* error);

// What a launch on the current device has to know.
struct Limits {
  int multiprocessors;
  int64_t shared_per_block;  // bytes
};
motes_status limits_of_current(Limits* limits, motes_error* error);

// The current device, for the length of a block of code; the caller's afterwards.
class Current {
 public:
  explicit Current(int device);
  ~Current();
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
  cudaError_t failed() const { return failed_; }

 private:
  int before_ = 0;
  bool changed_ = false;
  cudaError_t failed_ = cudaSuccess;
};

// In the order of a stream; the message of a refusal says how much was asked for and how much there is.
motes_status allocate(int64_t bytes, cudaStream_t stream, void** memory, motes_error* error);
void release(void* memory, cudaStream_t stream);

// Copies from the host, whose memory is kept until they are done: of memory that is not pinned CUDA may stage a copy before
// it returns, and need not (on a machine whose GPU reads the host's memory it does not).
class Uploads {
 public:
  explicit Uploads(cudaStream_t stream) : stream_(stream) {}
  ~Uploads() { let_go(); }
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;
  // From memory that `owner` keeps.
  motes_status put(void* to, const void* from, int64_t bytes, std::shared_ptr<const void> owner, const char* doing,
                   motes_error* error);
  // In the order of the stream. It waits there for a thread of the host: best after all kernels of a call.
  void let_go();
  // To be called after a wait for the stream: nothing reads them any more.
  void done() { owners_.reset(); }

 private:
  using Owners = std::vector<std::shared_ptr<const void>>;
  cudaStream_t stream_;
  std::unique_ptr<Owners> owners_;
};

// Work that comes after in `later` waits for what is in `earlier`.
motes_status wait_for(cudaStream_t earlier, cudaStream_t later, motes_error* error);

// Memory for the length of a call, in the order of its stream.
class Scratch {
 public:
  explicit Scratch(cudaStream_t stream) : stream_(stream) {}
  ~Scratch() { release(memory_, stream_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  motes_status ask(int64_t bytes, motes_error* error) { return allocate(bytes, stream_, &memory_, error); }
  template <class T>
  T* as() const {
    return static_cast<T*>(memory_);
  }

 private:
  cudaStream_t stream_;
  void* memory_ = nullptr;
};

}  // namespace motes::cuda
