// Memory of devices, and copies.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "machine.hpp"

namespace standin {
namespace {

constexpr size_t kAlignment = 256;  // what CUDA promises
constexpr int kCanary = 0x5a;

size_t rounded_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }
size_t page() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

// Between pages that nobody may touch, as near to the second as the alignment allows.
Allocation mapped(size_t bytes, int device, int rubbish) {
  const size_t page_bytes = rounded_up(bytes, page());
  auto* const all = static_cast<char*>(
      mmap(nullptr, page_bytes + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (all == MAP_FAILED) return {};
  char* const pages = all + page();
  mprotect(pages, page_bytes, PROT_READ | PROT_WRITE);
  char* const data = pages + page_bytes - rounded_up(bytes, kAlignment);
  std::memset(pages, kCanary, page_bytes);
  std::memset(data, rubbish, bytes);
  mprotect(pages, page_bytes, PROT_NONE);
  return {data, bytes, pages, page_bytes, device, false};
}

void unmap(Machine& m, const Allocation& one) {
  mprotect(one.pages, one.page_bytes, PROT_READ);
  const auto is_canary = [](char c) { return c == static_cast<char>(kCanary); };
  if (!std::all_of(one.pages, one.data, is_canary) ||
      !std::all_of(one.data + one.bytes, one.pages + one.page_bytes, is_canary))
    m.fault("something was written beyond the ends of " + std::to_string(one.bytes) + " bytes of cuda:" +
            std::to_string(one.device));
  munmap(one.pages - page(), one.page_bytes + 2 * page());
}

cudaError_t allocate(Machine& m, void** memory, size_t bytes, int device) {
  const auto fits = [&] { return static_cast<int64_t>(bytes) <= m.settings.memory - m.held(device); };
  if (!fits()) m.finish_all(device);  // what streams have still to give back
  if (!fits()) return cudaErrorMemoryAllocation;
  const int order = m.settings.order;
  const Allocation fresh = mapped(bytes, device, order == 0 ? 0xff : order == 1 ? 0 : 0x41 + order % 32);
  if (!fresh.data) return cudaErrorMemoryAllocation;
  m.allocations[reinterpret_cast<uintptr_t>(fresh.data)] = fresh;
  *memory = fresh.data;
  return cudaSuccess;
}

cudaError_t give_back(Machine& m, void* memory, cudaStream_t stream) {
  const auto at = m.allocations.find(reinterpret_cast<uintptr_t>(memory));
  if (at == m.allocations.end() || at->second.given_back) {
    m.fault(at == m.allocations.end() ? "memory given back that never was, or is no more" : "memory given back twice");
    return cudaErrorInvalidValue;
  }
  at->second.given_back = true;
  m.put(stream, [&m, key = at->first] {
    const auto found = m.allocations.find(key);
    const Allocation gone = found->second;
    m.allocations.erase(found);
    unmap(m, gone);
  });
  return cudaSuccess;
}

// Whether all bytes are in one allocation (or, of the host, in none).
bool is_place(Machine& m, const void* pointer, size_t bytes, bool on_device, const char* name) {
  const Allocation* one = m.find(pointer);
  const char* const end = static_cast<const char*>(pointer) + bytes;
  if (!on_device) {
    const Allocation* at_end = m.find(end - 1);
    if (!one && !at_end) return true;
    m.fault(std::string(name) + ": expected memory of the host, got that of a device");
    return false;
  }
  if (!one) m.fault(std::string(name) + ": expected memory of a device, got some that it does not have");
  else if (one->given_back) m.fault(std::string(name) + ": the memory was given back");
  else if (end > one->data + one->bytes) m.fault(std::string(name) + ": beyond the end of its memory");
  else return true;
  return false;
}

// The host's memory is read and written when the copy runs: CUDA promises no more of memory that is not pinned.
cudaError_t copy(Machine& m, void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const bool from_device = kind == cudaMemcpyDefault ? m.find(from) != nullptr
                                                     : kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const bool to_device = kind == cudaMemcpyDefault ? m.find(to) != nullptr
                                                   : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  if (!is_place(m, from, bytes, from_device, "copy from") || !is_place(m, to, bytes, to_device, "copy to"))
    return cudaErrorInvalidValue;
  m.put(stream, [&m, to, from, bytes, from_device, to_device] {
    if (from_device && to_device && m.find(from)->device != m.find(to)->device) {
      std::vector<char> between(bytes);
      m.open(m.find(from)->device);
      std::memcpy(between.data(), from, bytes);
      m.open(m.find(to)->device);
      std::memcpy(to, between.data(), bytes);
      return;
    }
    if (from_device || to_device) m.open(m.find(from_device ? from : to)->device);
    std::memcpy(to, from, bytes);
  });
  return cudaSuccess;
}

}  // namespace

int64_t Machine::held(int device) const {
  int64_t bytes = 0;
  for (const auto& [at, one] : allocations) bytes += one.device == device ? static_cast<int64_t>(one.bytes) : 0;
  return bytes;
}

const Allocation* Machine::find(const void* pointer) const {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin()) return nullptr;
  const Allocation& one = (--after)->second;
  return address < reinterpret_cast<uintptr_t>(one.pages) + one.page_bytes ? &one : nullptr;
}

void Machine::open(int device) {
  if (device == open_device_) return;
  for (const auto& [at, one] : allocations) {
    if (one.device == open_device_) mprotect(one.pages, one.page_bytes, PROT_NONE);
    if (one.device == device) mprotect(one.pages, one.page_bytes, PROT_READ | PROT_WRITE);
  }
  open_device_ = device;
}

}  // namespace standin

using standin::call;
using standin::current_device;
using standin::Machine;

cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t handle) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaErrorInvalidValue;
    return standin::allocate(m, memory, bytes, stream->device);
  });
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  return call([&](Machine& m) { return standin::allocate(m, memory, bytes, current_device); });
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t handle) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    return stream ? standin::give_back(m, memory, stream) : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaFree(void* memory) {
  return call([&](Machine& m) {
    if (!memory) return cudaSuccess;
    m.finish_all(current_device);
    return standin::give_back(m, memory, m.stream(nullptr));
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  return call([&](Machine& m) {
    *pool = &m.pools[device];
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return call([&](Machine&) {
    if (attribute != cudaMemPoolAttrReleaseThreshold) return cudaErrorInvalidValue;
    *static_cast<uint64_t*>(value) = pool->release_threshold;
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return call([&](Machine&) {
    if (attribute != cudaMemPoolAttrReleaseThreshold) return cudaErrorInvalidValue;
    pool->release_threshold = *static_cast<uint64_t*>(value);
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(size_t* left, size_t* all) {
  return call([&](Machine& m) {
    *all = static_cast<size_t>(m.settings.memory);
    *left = static_cast<size_t>(std::max<int64_t>(0, m.settings.memory - m.held(current_device)));
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return call([&](Machine& m) {
    const auto* one = m.find(pointer);
    auto* const address = const_cast<void*>(pointer);
    *attributes = one ? cudaPointerAttributes{cudaMemoryTypeDevice, one->device, address, nullptr}
                      : cudaPointerAttributes{cudaMemoryTypeUnregistered, -2, nullptr, address};
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t handle) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    return stream ? standin::copy(m, to, from, bytes, kind, stream) : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(nullptr);
    const auto code = standin::copy(m, to, from, bytes, kind, stream);
    m.finish(stream, stream->n_put);
    return code;
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t handle) {
  return call([&](Machine& m) {
    const cudaStream_t stream = m.stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaSuccess;
    if (!standin::is_place(m, memory, bytes, true, "memset")) return cudaErrorInvalidValue;
    m.put(stream, [&m, memory, value, bytes] {
      m.open(m.find(memory)->device);
      std::memset(memory, value, bytes);
    });
    return cudaSuccess;
  });
}
