// One worker's planes, and the exact sum of all workers' in the caller's [M][R].
#pragma once
#include "dispatch/panels.hpp"
#include "dispatch/validate.hpp"
#include "kernels/planes.h"

namespace motes {

template <class Real>
class WorkerPlanes {
 public:
  using Amount = typename Fixed<Real>::Amount;

  WorkerPlanes(const PanelShape& shape, int64_t n_pixels)
      : wide_(shape.stride() * n_pixels),
        narrow_(kSame ? 0 : shape.stride() * n_pixels),
        second_(twice(shape, n_pixels) ? shape.stride() * n_pixels : 0) {
    planes = {narrow(), twice(shape, n_pixels) ? second_.get() : nullptr, wide_.get(), shape.n_panels, n_pixels,
              shape.width, shape.last, 0};
  }
  Planes<Amount> planes;

 private:
  static constexpr bool kSame = sizeof(Amount) == sizeof(int64_t);
  static constexpr int64_t kCache = 24 << 10;  // what two copies of a panel may take of the first-level cache
  static bool twice(const PanelShape& shape, int64_t n_pixels) {
    return !kSame && 2 * shape.width * n_pixels * static_cast<int64_t>(sizeof(Amount)) <= kCache;
  }
  Amount* narrow() {
    if constexpr (kSame) return wide_.get();
    else return narrow_.get();
  }
  Buffer<int64_t> wide_;
  Buffer<Amount> narrow_, second_;
};

// The most that one pixel can have caught.
inline double photons_at_most(const motes_patterns& patterns) {
  return static_cast<double>(patterns.n_patterns) + excess_of(patterns).photons;
}

}  // namespace motes
