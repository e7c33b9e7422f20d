// Memory that a worker needs for cells and for ranks; as large as its largest micrograph.
#pragma once
#include <algorithm>
#include <memory>

#include "kernels/circles.h"

namespace motes {

template <class T>
std::unique_ptr<T[]> scratch(int64_t size) {
  return std::make_unique_for_overwrite<T[]>(static_cast<size_t>(size > 0 ? size : 1));
}

struct CellsScratch {
  explicit CellsScratch(int64_t n)
      : table(scratch<Cell>(std::max<int64_t>(1024, 4 * n))), x(scratch<double>(n)), y(scratch<double>(n)), r(scratch<double>(n)),
        next(scratch<int32_t>(n)), next_in_level(scratch<int32_t>(n)) {}
  CellsMemory view() const { return {table.get(), x.get(), y.get(), r.get(), next.get(), next_in_level.get()}; }

 private:
  std::unique_ptr<Cell[]> table;
  std::unique_ptr<double[]> x, y, r;
  std::unique_ptr<int32_t[]> next, next_in_level;
};

}  // namespace motes
