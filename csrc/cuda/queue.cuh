// The queue of queue.hpp on a stream of the current device. Memory is taken and given back in the stream's order.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "cuda/launch.cuh"
#include "cuda/queue.hpp"

namespace motes::cuda {

class StreamQueue {
 public:
  // What goes wrong is told as "<doing>: ..." in `error`.
  StreamQueue(cudaStream_t stream, const char* doing, motes_error* error)
      : stream_(stream), doing_(doing), error_(error), uploads_(stream) {}
  ~StreamQueue() {
    for (void* const memory : arrays_) release(memory, stream_);
  }
  StreamQueue(const StreamQueue&) = delete;
  StreamQueue& operator=(const StreamQueue&) = delete;

  template <class T>
  T* array(int64_t n) {
    if (!fine()) return nullptr;
    arrays_.push_back(nullptr);
    status_ = allocate(n * static_cast<int64_t>(sizeof(T)), stream_, &arrays_.back(), error_);
    return static_cast<T*>(arrays_.back());
  }
  template <class T>
  T* array_if_fits(int64_t n) {
    if (!fine()) return nullptr;  // what did not fit before is not forgotten
    T* const found = array<T>(n);
    if (status_ == MOTES_OUT_OF_MEMORY) status_ = MOTES_OK;
    return found;
  }
  template <class T>
  const T* upload(const T* from, int64_t n) {
    T* const to = array<T>(n);
    const auto own = std::make_shared<const std::vector<T>>(from, from + n);
    put(to, own->data(), n, own);
    return to;
  }
  template <class T>
  void put(T* to, const T* from, int64_t n, std::shared_ptr<const void> owner) {
    const auto bytes = static_cast<int64_t>(bytes_of<T>(n));
    if (n > 0 && fine()) status_ = uploads_.put(to, from, bytes, std::move(owner), doing_, error_);
  }
  // Of what was uploaded, the host's memory: for a queue that outlives its launches.
  void let_go_of_uploads() { uploads_.let_go(); }
  template <class T>
  void copy(T* to, const T* from, int64_t n) {
    if (n > 0 && fine()) tell(cudaMemcpyAsync(to, from, bytes_of<T>(n), cudaMemcpyDeviceToDevice, stream_));
  }
  // To the host, where it is after the wait.
  template <class T>
  void download(const T* from, int64_t n, T* to) {
    if (n > 0 && fine()) tell(cudaMemcpyAsync(to, from, bytes_of<T>(n), cudaMemcpyDeviceToHost, stream_));
    if (fine()) tell(cudaStreamSynchronize(stream_));
    if (fine()) uploads_.done();
  }
  template <class T>
  void zero(T* items, int64_t n) {
    if (n > 0 && fine()) tell(cudaMemsetAsync(items, 0, bytes_of<T>(n), stream_));
  }
  template <class Kernel>
  void launch(const Kernel& kernel) {
    if (fine()) status_ = cuda::launch(kernel, stream_, doing_, error_);
  }
  template <class T>
  T read(const T* item) {
    T value{};
    download(item, 1, &value);
    return fine() ? value : T{};
  }
  int64_t shared_per_block() { return limits().shared_per_block; }
  template <class Kernel>
  int64_t panel_blocks(const Kernel& kernel, int64_t n_patterns, int64_t n_panels) {
    const int multiprocessors = limits().multiprocessors;
    return fine() ? blocks_for_panels(kernel, n_patterns, n_panels, multiprocessors) : 1;
  }
  bool fine() const { return status_ == MOTES_OK; }
  motes_status status() const { return status_; }

 private:
  template <class T>
  static size_t bytes_of(int64_t n) {
    return static_cast<size_t>(n) * sizeof(T);
  }
  const Limits& limits() {
    if (limits_.multiprocessors == 0 && fine()) status_ = limits_of_current(&limits_, error_);
    return limits_;
  }
  void tell(cudaError_t code) { status_ = told(code, doing_, error_); }

  cudaStream_t stream_;
  const char* doing_;
  motes_error* error_;
  motes_status status_ = MOTES_OK;
  Limits limits_{};
  std::vector<void*> arrays_;
  Uploads uploads_;
};

}  // namespace motes::cuda
