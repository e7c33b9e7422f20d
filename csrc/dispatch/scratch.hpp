// Memory that a worker needs for cells and for ranks; as large as its largest micrograph.
#pragma once
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "kernels/circles.h"

namespace motes {

// Memory that is read here and there costs a fault and an address for every page: fewer, where pages can be large.
inline void ask_for_large_pages([[maybe_unused]] void* data, [[maybe_unused]] size_t bytes) {
#if defined(__linux__)
  constexpr size_t kLarge = size_t{1} << 21, kPage = 4096;
  const auto first = (reinterpret_cast<uintptr_t>(data) + kPage - 1) / kPage * kPage;
  const auto last = (reinterpret_cast<uintptr_t>(data) + bytes) / kPage * kPage;
  if (last > first && last - first >= 2 * kLarge) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

template <class T>
std::unique_ptr<T[]> scratch(int64_t size) {
  const auto n = static_cast<size_t>(size > 0 ? size : 1);
  auto data = std::make_unique_for_overwrite<T[]>(n);
  ask_for_large_pages(data.get(), n * sizeof(T));
  return data;
}

// Cuts arrays out of one piece of memory; out of none, it counts the bytes that they take.
class Cutter {
 public:
  explicit Cutter(std::byte* from = nullptr) : from_(from) {}
  template <class T>
  T* cut(int64_t size) {
    std::byte* const at = from_ ? from_ + bytes_ : nullptr;
    bytes_ += (static_cast<size_t>(size > 0 ? size : 0) * sizeof(T) + kLine - 1) / kLine * kLine;
    return reinterpret_cast<T*>(at);
  }
  size_t bytes() const { return bytes_; }
  static constexpr size_t kLine = 64;

 private:
  std::byte* from_;
  size_t bytes_ = 0;
};

// One worker's memory, in one piece. A fault for every page would take longer than the work on it: pages are large where
// the piece is, and a small piece is kept by its thread for the next call.
template <class Memory>
class Scratch {
 public:
  template <class Lay>  // lay(cutter) -> Memory
  explicit Scratch(Lay&& lay) {
    Cutter count;
    lay(count);
    const size_t bytes = count.bytes() + Cutter::kLine;
    if (spare().bytes >= bytes) {
      piece_ = std::exchange(spare(), Piece{});
    } else {
      piece_ = {scratch<std::byte>(static_cast<int64_t>(bytes)), bytes};
    }
    const auto at = reinterpret_cast<uintptr_t>(piece_.data.get());
    Cutter cutter(piece_.data.get() + (Cutter::kLine - at % Cutter::kLine));
    memory = lay(cutter);
  }
  Scratch(Scratch&& other) noexcept : memory(other.memory), piece_(std::exchange(other.piece_, Piece{})) {}
  ~Scratch() {
    if (piece_.bytes <= kMostKept && piece_.bytes > spare().bytes) spare() = std::move(piece_);
  }
  Memory memory;

 private:
  struct Piece {
    std::unique_ptr<std::byte[]> data;
    size_t bytes = 0;
  };
  static constexpr size_t kMostKept = size_t{1} << 24;
  static Piece& spare() {
    thread_local Piece piece;
    return piece;
  }
  Piece piece_;
};

inline CellsMemory cells_memory(Cutter& cutter, int64_t n) {
  return {cutter.cut<Cell>(std::max<int64_t>(1024, 4 * n)), cutter.cut<Placed>(n)};
}

inline GridMemory grid_memory(Cutter& cutter, int64_t n) {
  return {cutter.cut<uint32_t>(cells_of_grid(n) + 2), cutter.cut<uint32_t>(n), cutter.cut<uint32_t>(n),
          cutter.cut<double>(n + kGridMargin), cutter.cut<double>(n + kGridMargin), cutter.cut<double>(n + kGridMargin),
          cutter.cut<double>(n + kGridMargin), cutter.cut<uint8_t>(n)};
}

}  // namespace motes
