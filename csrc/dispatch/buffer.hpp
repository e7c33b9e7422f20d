// Memory for tables and scratch.
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace motes {

// Zeroed, 64-byte aligned; throws std::bad_alloc.
template <class T>
class Buffer {
 public:
  explicit Buffer(int64_t size)
      : data_(static_cast<T*>(::operator new(bytes(size), std::align_val_t{64}))) {
    std::memset(static_cast<void*>(data_.get()), 0, bytes(size));
  }
  T* get() const { return data_.get(); }
  T& operator[](int64_t i) const { return data_.get()[i]; }

 private:
  static size_t bytes(int64_t size) { return sizeof(T) * static_cast<size_t>(size > 0 ? size : 1); }
  struct Free {
    void operator()(T* data) const { ::operator delete(data, std::align_val_t{64}); }
  };
  std::unique_ptr<T, Free> data_;
};

}  // namespace motes
