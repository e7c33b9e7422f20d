// An entry (pattern, pixel, count) as a number to be sorted by: the bits of its row, then those of its pixel.
//
// The first of these bits name its region; what is kept of an entry is the rest, 4 bytes where that fits. 1e7 patterns of
// 25x25 pixels have 24 + 10 bits: two for the region would do.
#pragma once
#include <stdint.h>

#include "cuda/phases.hpp"

namespace motes::cuda {

struct Counted {
  uint64_t key;
  uint32_t count;
};

template <class Item>
struct KeyOf {
  using Type = Item;
};
template <>
struct KeyOf<Counted> {
  using Type = uint64_t;
};
template <class Item>
using Key = typename KeyOf<Item>::Type;

template <class Item>
MOTES_HD inline Key<Item>& key_in(Item& item) {
  if constexpr (sizeof(Item) > sizeof(Key<Item>))
    return item.key;
  else
    return item;
}
template <class Item>
MOTES_HD inline Key<Item> key_of(const Item& item) {
  if constexpr (sizeof(Item) > sizeof(Key<Item>))
    return item.key;
  else
    return item;
}
template <class Item>
MOTES_HD inline uint64_t count_of(const Item& item) {
  if constexpr (sizeof(Item) > sizeof(Key<Item>))
    return item.count;
  else
    return 1;
}

// Of numbers below n.
inline int bits_below(int64_t n) {
  int bits = 0;
  for (int64_t last = n - 1; last > 0; last >>= 1) ++bits;
  return bits;
}

MOTES_HD inline uint64_t low_bits(uint64_t number, int bits) { return number & ((uint64_t{1} << bits) - 1); }

struct Layout {
  int pixel_bits, region_bits, rest_bits;  // rest_bits < 64; all of the pixel's are in the rest, or all bits fit 64

  int64_t n_regions() const { return int64_t{1} << region_bits; }

  MOTES_HD uint32_t region(int64_t row, int64_t pixel) const {
    const auto r = static_cast<uint64_t>(row), p = static_cast<uint64_t>(pixel);
    return static_cast<uint32_t>(rest_bits >= pixel_bits ? r >> (rest_bits - pixel_bits)
                                                         : r << (pixel_bits - rest_bits) | p >> rest_bits);
  }
  MOTES_HD uint64_t rest(int64_t row, int64_t pixel) const {
    return low_bits(static_cast<uint64_t>(row) << pixel_bits | static_cast<uint64_t>(pixel), rest_bits);
  }
  MOTES_HD int64_t row(int64_t region, uint64_t rest) const {
    const auto r = static_cast<uint64_t>(region);
    return static_cast<int64_t>(rest_bits >= pixel_bits ? r << (rest_bits - pixel_bits) | rest >> pixel_bits
                                                        : r >> (pixel_bits - rest_bits));
  }
  MOTES_HD uint64_t pixel(int64_t region, uint64_t rest) const {
    return low_bits(rest_bits >= pixel_bits ? rest : static_cast<uint64_t>(region) << rest_bits | rest, pixel_bits);
  }
};

}  // namespace motes::cuda
