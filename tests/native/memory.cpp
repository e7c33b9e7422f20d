#include "memory.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace {

constexpr std::size_t kMost = std::size_t{1} << 31;  // what asks for more asks in vain, as on a small machine
thread_local int left = -1;
thread_local bool has_failed = false;

bool may_have(std::size_t size) {
  const bool fails = size > kMost || left == 0;
  if (left >= 0) --left;
  has_failed = has_failed || fails;
  return !fails;
}

void* given(void* data) {
  if (data) return data;
  has_failed = true;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return given(may_have(size) ? std::malloc(size ? size : 1) : nullptr); }

void* operator new(std::size_t size, std::align_val_t alignment) {
  void* data = nullptr;  // of exactly this size, so that AddressSanitizer sees the byte after the last one
  if (!may_have(size) || posix_memalign(&data, static_cast<std::size_t>(alignment), size ? size : 1)) data = nullptr;
  return given(data);
}

void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return operator new(size, alignment); }

void operator delete(void* data) noexcept { std::free(data); }
void operator delete[](void* data) noexcept { std::free(data); }
void operator delete(void* data, std::size_t) noexcept { std::free(data); }
void operator delete[](void* data, std::size_t) noexcept { std::free(data); }
void operator delete(void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete[](void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete(void* data, std::size_t, std::align_val_t) noexcept { std::free(data); }
void operator delete[](void* data, std::size_t, std::align_val_t) noexcept { std::free(data); }

namespace fuzz {

FailingMemory::FailingMemory(int allocations_before) {
  left = allocations_before;
  has_failed = false;
}

FailingMemory::~FailingMemory() { left = -1; }

bool FailingMemory::failed() const { return has_failed; }

SoundMemory::SoundMemory() : left_(std::exchange(left, -1)) {}

SoundMemory::~SoundMemory() { left = left_; }

}  // namespace fuzz
