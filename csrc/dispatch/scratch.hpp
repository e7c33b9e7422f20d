// Memory that a worker needs for cells and for ranks; as large as its largest micrograph.
#pragma once
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <memory>

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

struct CellsScratch {
  explicit CellsScratch(int64_t n)
      : table(scratch<Cell>(std::max<int64_t>(1024, 4 * n))), circles(scratch<Placed>(n)) {}
  CellsMemory view() const { return {table.get(), circles.get()}; }

 private:
  std::unique_ptr<Cell[]> table;
  std::unique_ptr<Placed[]> circles;
};

}  // namespace motes
