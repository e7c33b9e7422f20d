// The queue of csrc/cuda/queue.hpp on the host: launches run at once, in the order of choice.
#pragma once
#include <memory>
#include <new>

#include "driver.hpp"

#include "cuda/queue.hpp"

namespace motes::cuda {

class HostQueue {
 public:
  explicit HostQueue(int order) : order_(order), rubbish_(order == kAscending ? 0xff : order == kDescending ? 0 : 0x41) {}

  template <class T>
  T* array(int64_t n) {
    const auto bytes = static_cast<size_t>(n) * sizeof(T);
    if (verdict_ == kFine && static_cast<int64_t>(bytes) > room_) verdict_ = kNoRoom;
    if (!fine()) return nullptr;
    room_ -= static_cast<int64_t>(bytes);
    arrays_.emplace_back(static_cast<unsigned char*>(::operator new(bytes + kGuard, kAlign)));
    std::memset(arrays_.back().get(), rubbish_, bytes);
    std::memset(arrays_.back().get() + bytes, 0x5a, kGuard);
    sizes_.push_back(bytes);
    return reinterpret_cast<T*>(arrays_.back().get());
  }
  template <class T>
  T* array_if_fits(int64_t n) {
    return n <= most_ && n * static_cast<int64_t>(sizeof(T)) <= room_ ? array<T>(n) : nullptr;
  }
  template <class T>
  const T* upload(const T* from, int64_t n) {
    T* const to = array<T>(n);
    copy(to, from, n);
    return to;
  }
  template <class T>
  void put(T* to, const T* from, int64_t n, std::shared_ptr<const void>) {
    copy(to, from, n);
  }
  template <class T>
  void copy(T* to, const T* from, int64_t n) {
    if (fine()) std::memcpy(static_cast<void*>(to), from, static_cast<size_t>(n) * sizeof(T));
  }
  template <class T>
  void download(const T* from, int64_t n, T* to) {
    copy(to, from, n);
  }
  template <class T>
  void zero(T* items, int64_t n) {
    if (fine()) std::memset(static_cast<void*>(items), 0, static_cast<size_t>(n) * sizeof(T));
  }
  template <class Kernel>
  void launch(const Kernel& kernel) {
    ++n_launches_;
    if (verdict_ == kFine) verdict_ = run_on_host(kernel, order_ > kDescending ? order_ + n_launches_ : order_);
  }
  template <class T>
  T read(const T* item) const {
    return verdict_ == kFine ? *item : T{};
  }
  int64_t shared_per_block() const { return shared_; }
  template <class Kernel>
  int64_t panel_blocks(const Kernel&, int64_t n_patterns, int64_t) const {
    return std::min<int64_t>(3, blocks_for(n_patterns, 1));
  }
  // A device with less: shared memory for a block, items of an array that may be larger, bytes of all arrays together.
  HostQueue& with(int64_t shared, int64_t most = INT64_MAX, int64_t room = INT64_MAX) {
    shared_ = shared;
    most_ = most;
    room_ = room;
    return *this;
  }
  bool fine() const { return verdict_ == kFine; }
  // Also whether nothing was written behind the end of an array.
  int verdict() const {
    for (size_t k = 0; k < arrays_.size(); ++k) {
      const unsigned char* const end = arrays_[k].get() + sizes_[k];
      if (!std::all_of(end, end + kGuard, [](unsigned char c) { return c == 0x5a; })) return kWroteBeyondArray;
    }
    return verdict_;
  }
  int n_launches() const { return n_launches_; }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr std::align_val_t kAlign{64};
  struct Free {
    void operator()(unsigned char* memory) const { ::operator delete(memory, kAlign); }
  };
  int order_, rubbish_, n_launches_ = 0;
  int verdict_ = kFine;
  int64_t shared_ = kMostShared, most_ = INT64_MAX, room_ = INT64_MAX;
  std::vector<std::unique_ptr<unsigned char[], Free>> arrays_;
  std::vector<size_t> sizes_;
};

}  // namespace motes::cuda
