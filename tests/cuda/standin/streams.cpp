// Streams, events, and when their work runs.
#include <chrono>
#include <utility>

#include "machine.hpp"

namespace standin {
namespace {

// CUDA's two default streams of a device, made when first asked for.
cudaStream_t default_stream(Machine& m, int device, bool of_thread) {
  thread_local std::map<int, cudaStream_t> of_threads;
  static std::map<int, cudaStream_t> legacy;
  auto& found = of_thread ? of_threads[device] : legacy[device];
  if (!found) {
    m.streams.push_back(std::make_unique<CUstream_st>(CUstream_st{device, of_thread, false, {}, 0, 0}));
    found = m.streams.back().get();
  }
  return found;
}

}  // namespace

cudaStream_t Machine::stream(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return default_stream(*this, current_device, false);
  if (handle == cudaStreamPerThread) return default_stream(*this, current_device, true);
  for (const auto& one : streams)
    if (one.get() == handle && !one->destroyed) return handle;
  return nullptr;
}

void Machine::put(cudaStream_t stream, std::function<void()> run) {
  Work work{std::move(run), {}};
  const cudaStream_t legacy = default_stream(*this, stream->device, false);
  if (stream == legacy) {  // waits for all that block, and they for it
    for (const auto& other : streams)
      if (other->blocking && other->device == stream->device) work.after.emplace_back(other.get(), other->n_put);
  } else if (stream->blocking) {
    work.after.emplace_back(legacy, legacy->n_put);
  }
  stream->waiting.push_back(std::move(work));
  ++stream->n_put;
  if (settings.at_once) finish(stream, stream->n_put);
}

void Machine::finish(cudaStream_t stream, int64_t n) {
  ++depth_;
  while (stream->n_done < n) {
    const Work work = std::move(stream->waiting.front());
    stream->waiting.pop_front();
    for (const auto& [other, n_before] : work.after) finish(other, n_before);
    open(stream->device);
    work.run();
    ++stream->n_done;
  }
  if (--depth_ == 0) open(-1);
}

void Machine::finish_all(int device) {
  for (size_t k = 0; k < streams.size(); ++k)
    if (streams[k]->device == device) finish(streams[k].get(), streams[k]->n_put);
}

}  // namespace standin

using standin::call;
using standin::current_device;
using standin::Machine;

namespace {

CUevent_st* found(Machine& m, cudaEvent_t handle) {
  for (const auto& event : m.events)
    if (event.get() == handle) return handle;
  return nullptr;
}

}  // namespace

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return call([&](Machine& m) {
    const bool blocking = flags != cudaStreamNonBlocking;
    m.streams.push_back(std::make_unique<CUstream_st>(CUstream_st{current_device, blocking, false, {}, 0, 0}));
    *stream = m.streams.back().get();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    if (!stream || stream != handle) return cudaErrorInvalidResourceHandle;
    stream->destroyed = true;  // what it has to do is done as if it were there
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call(
      [&](Machine& m) {
        const cudaStream_t stream = m.stream(handle);
        if (!stream) return cudaErrorInvalidResourceHandle;
        m.finish(stream, stream->n_put);
        return std::exchange(m.failed, cudaSuccess);
      },
      true);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    if (!stream || !found(m, event)) return cudaErrorInvalidResourceHandle;
    if (!event->stream) return cudaSuccess;
    m.put(stream, [] {});
    if (!stream->waiting.empty()) stream->waiting.back().after.emplace_back(event->stream, event->n_before);
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t handle, void (*function)(void*), void* argument) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    m.put(stream, [function, argument, &m] {
      m.open(-1);
      function(argument);
    });
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return call([&](Machine& m) {
    const bool timed = flags != cudaEventDisableTiming;
    auto made = std::make_unique<CUevent_st>(CUevent_st{current_device, nullptr, 0, timed, nullptr});
    *event = m.events.insert(std::move(made)).first->get();
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    if (!stream || !found(m, event) || event->device != stream->device) return cudaErrorInvalidResourceHandle;
    event->happened = std::make_shared<std::chrono::steady_clock::time_point>();
    // Work, so that what a default stream waits for comes before the event, too.
    m.put(stream, [when = event->happened] { *when = std::chrono::steady_clock::now(); });
    event->stream = stream;
    event->n_before = stream->n_put;
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return call(
      [&](Machine& m) {
        if (!found(m, event)) return cudaErrorInvalidResourceHandle;
        if (event->stream) m.finish(event->stream, event->n_before);
        return std::exchange(m.failed, cudaSuccess);
      },
      true);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t earlier, cudaEvent_t later) {
  return call([&](Machine& m) {
    for (const cudaEvent_t event : {earlier, later}) {
      if (!found(m, event) || !event->timed || !event->stream) return cudaErrorInvalidResourceHandle;
      if (event->stream->n_done < event->n_before) return cudaErrorNotReady;
    }
    *milliseconds = std::chrono::duration<float, std::milli>(*later->happened - *earlier->happened).count();
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call([&](Machine& m) {
    for (auto at = m.events.begin(); at != m.events.end(); ++at)
      if (at->get() == event) {
        m.events.erase(at);
        return cudaSuccess;
      }
    return cudaErrorInvalidResourceHandle;
  });
}
