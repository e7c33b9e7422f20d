// The entries of a slot, sorted and merged by one block in shared memory, as the patterns' own arrays.
//
// Digits of five bits, the last first: each thread counts those of its stretch in a column of its own, so that places come
// from sums alone and the order is kept. Keys are counted from the smallest of the slot, and digits in which none differs
// are passed over: a slot of 150 patterns of 25x25 pixels takes four.
#pragma once
#include "cuda/slots.hpp"

namespace motes::cuda {

struct IngestTotals {
  int64_t extra;       // photons beyond the first of their pixels
  uint32_t too_many;   // 1: more photons in one pixel than int32 holds
};

template <class Item>
struct SlotBlock {
  static constexpr int kThreads = Share<Item>::kThreads, kEach = Share<Item>::kEach;
  static constexpr int kDigitBits = 5, kDigits = 1 << kDigitBits, kPart = 32, kParts = kThreads / kPart;
  static constexpr int kPadding = 2;  // counters of a digit begin in other banks than those of the next

  int64_t region, begin, end, alike;  // alike..end: of one key
  int64_t n;                          // to sort
  int64_t extra, n_alike;
  Key<Item> smallest, differing;  // keys are kept less the smallest
  uint32_t n_lit, n_multi;
  uint16_t count[kDigits][kThreads + kPadding];
  uint32_t base[kDigits * kParts];
  BlockSums<kThreads, 16> sums;
  Item sorted[kThreads * (kEach + 1)];  // one place more after each stretch, to the same end

  MOTES_HD Item& at(int64_t i) { return sorted[i + i / kEach]; }
  MOTES_HD Key<Item> key(int64_t i) { return key_of(at(i)); }
  MOTES_HD bool is_head(int64_t i) { return i == 0 || key(i) != key(i - 1); }
  // Photons of the pixel whose first entry is i.
  MOTES_HD uint64_t photons(int64_t i) {
    uint64_t sum = count_of(at(i));
    for (int64_t k = i + 1; k < n && key(k) == key(i); ++k) sum += count_of(at(k));
    return sum;
  }
};

template <class Item, class Pixel>
struct SortSlots {
  using Block = SlotBlock<Item>;
  static constexpr int kThreads = Block::kThreads, kEach = Block::kEach;
  static constexpr int kOpening = 3, kPass = 5, kClosing = 5;  // phases
  static_assert(Block::kDigits * Block::kParts == kThreads && Share<Item>::kAll < 1 << 16);
  struct Thread {
    Item item[kEach];
    uint32_t heads;  // bit j: item j of the sorted stretch is the first of its pixel
  };

  const Item* items;
  Layout layout;
  Slots slots;
  Pixel* pixels;
  const int64_t* lit_before;  // of each slot; null: as many as there are entries
  int64_t *n_lit, *n_multi;   // of each slot
  // The first time.
  uint32_t* lengths;  // of patterns, less multiples of 2^32; null: done
  IngestTotals* totals;
  // The second, where a pixel has several photons.
  const int64_t* multi_before;
  int64_t* multi_position;
  int32_t* multi_extra;

  int64_t blocks() const { return slots.n; }
  int64_t shared_bytes() const { return sizeof(Block); }
  MOTES_HD Block* shared(unsigned char* memory) const { return reinterpret_cast<Block*>(memory); }
  MOTES_HD int64_t passes() const {
    return layout.rest_bits == 0 ? 1 : (layout.rest_bits + Block::kDigitBits - 1) / Block::kDigitBits;
  }
  MOTES_HD int64_t phases(int64_t slot) const {
    return slots.begin[slot] >= slots.end[slot] ? 0 : kOpening + kPass * passes() + kClosing;
  }
  MOTES_HD void phase(int64_t k, const Spot& at, Block* const& block, Thread& own) const {
    const int64_t in_passes = k - kOpening;
    if (in_passes < 0) return open(k, at, *block, own);
    if (in_passes < kPass * passes()) return pass(in_passes / kPass, in_passes % kPass, at.thread, *block, own);
    close(in_passes - kPass * passes(), at, *block, own);
  }

 private:
  MOTES_HD void open(int64_t k, const Spot& at, Block& block, Thread& own) const {
    if (k == 0) {
      if (at.thread > 0) return;
      block.region = slots.region_of(at.block);
      block.begin = slots.begin[at.block];
      block.end = slots.end[at.block];
      block.alike = slots.alike[at.block] < block.end ? slots.alike[at.block] : block.end;
      block.n = block.alike - block.begin;
      block.extra = block.n_alike = 0;
      block.smallest = static_cast<Key<Item>>(~Key<Item>{0});
      block.differing = 0;
    } else if (k == 1) {
      Key<Item> smallest = static_cast<Key<Item>>(~Key<Item>{0});
      MOTES_UNROLL
      for (int j = 0; j < kEach; ++j) {
        const int64_t i = at.thread + j * kThreads;
        if (i >= block.n) continue;
        own.item[j] = items[block.begin + i];
        const Key<Item> key = key_of(own.item[j]);
        smallest = key < smallest ? key : smallest;
      }
      if (at.thread == 0 && block.alike < block.end) {
        const Key<Item> key = key_of(items[block.alike]);
        smallest = key < smallest ? key : smallest;
      }
      take_smaller(&block.smallest, smallest);
      if (block.alike < block.end) add_fixed(&block.n_alike, photons_alike(at.thread, block));
    } else {
      Key<Item> differing = 0;
      MOTES_UNROLL
      for (int j = 0; j < kEach; ++j) {
        if (at.thread + j * kThreads >= block.n) continue;
        key_in(own.item[j]) -= block.smallest;
        differing |= key_of(own.item[j]);
      }
      or_bits(&block.differing, differing);
    }
  }

  // A thread's part of the photons of one key that are not sorted.
  MOTES_HD int64_t photons_alike(int thread, const Block& block) const {
    if (sizeof(Item) == sizeof(Key<Item>)) return thread == 0 ? block.end - block.alike : 0;
    int64_t sum = 0;
    for (int64_t i = block.alike + thread; i < block.end; i += kThreads) sum += static_cast<int64_t>(count_of(items[i]));
    return sum;
  }

  // The first pass takes entries as they were read; a later one, stretches of what is sorted so far.
  MOTES_HD static int64_t place_of(int64_t pass, int thread, int j) {
    return pass == 0 ? thread + j * kThreads : thread * kEach + j;
  }

  MOTES_HD void pass(int64_t p, int64_t k, int t, Block& block, Thread& own) const {
    const int shift = static_cast<int>(p) * Block::kDigitBits;
    const auto digit = [shift](const Item& item) {
      return static_cast<int>(key_of(item) >> shift & (Block::kDigits - 1));
    };
    if (p > 0 && (block.differing >> shift & (Block::kDigits - 1)) == 0) return;
    if (k == 0) {
      for (int d = 0; d < Block::kDigits; ++d) block.count[d][t] = 0;
      MOTES_UNROLL
      for (int j = 0; j < kEach; ++j) {
        if (place_of(p, t, j) >= block.n) continue;
        if (p > 0) own.item[j] = block.at(t * kEach + j);
        ++block.count[digit(own.item[j])][t];
      }
    } else if (k == 1) {
      const int d = t % Block::kDigits, part = t / Block::kDigits;
      uint32_t sum = 0;
      for (int i = part * Block::kPart; i < (part + 1) * Block::kPart; ++i) {
        const uint16_t here = block.count[d][i];
        block.count[d][i] = static_cast<uint16_t>(sum);
        sum += here;
      }
      block.sums.number(d * Block::kParts + part) = sum;
    } else if (k == 2) {
      block.sums.sum_rows(t);
    } else if (k == 3) {
      block.base[t] = block.sums.before(t);
    } else {
      MOTES_UNROLL
      for (int j = 0; j < kEach; ++j) {
        if (place_of(p, t, j) >= block.n) continue;
        const int d = digit(own.item[j]);
        block.at(block.base[d * Block::kParts + t / Block::kPart] + block.count[d][t]++) = own.item[j];
      }
    }
  }

  MOTES_HD void close(int64_t k, const Spot& at, Block& block, Thread& own) const {
    if (k == 0) block.sums.number(at.thread) = count_lit(at.thread, block, own);
    else if (k == 1) block.sums.sum_rows(at.thread);
    else if (k == 2) write_multi(at, block, own.heads);
    else if (k == 3) merge(at.thread, block, own);
    else write(at, block);
  }

  // Lit pixels that begin in a thread's stretch, and 2^16 for each that has several photons.
  MOTES_HD uint32_t count_lit(int t, Block& block, Thread& own) const {
    uint32_t lit = 0;
    own.heads = 0;
    MOTES_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const int64_t i = t * kEach + j;
      if (i >= block.n) continue;
      own.item[j] = block.at(i);
      if (!block.is_head(i)) continue;
      const bool multi = count_of(own.item[j]) > 1 || (i + 1 < block.n && block.key(i + 1) == key_of(own.item[j]));
      lit += 1 + (multi ? 1u << 16 : 0);
      own.heads |= 1u << j;
    }
    return lit;
  }

  MOTES_HD int64_t first_position(int64_t slot, const Block& block) const {
    return lit_before ? lit_before[slot] : block.begin;
  }

  MOTES_HD void write_multi(const Spot& at, Block& block, uint32_t heads) const {
    const uint32_t before = block.sums.before(at.thread);
    uint32_t lit = before & 0xffffu, multi = before >> 16;
    int64_t extra = 0;
    const auto tell = [&](uint64_t photons) {
      if (photons > 1) {
        extra += static_cast<int64_t>(photons - 1);
        if (photons >= kCountLimit && totals) or_bits(&totals->too_many, 1);
        if (multi_position) {
          const int64_t to = multi_before[at.block] + multi;
          multi_position[to] = first_position(at.block, block) + lit;
          multi_extra[to] = static_cast<int32_t>(photons - 1);
        }
        ++multi;
      }
      ++lit;
    };
    for (int j = 0; j < kEach; ++j)
      if (heads >> j & 1) tell(block.photons(at.thread * kEach + j));
    if (at.thread == kThreads - 1) {
      if (block.alike < block.end) tell(static_cast<uint64_t>(block.n_alike));
      block.n_lit = lit;
      block.n_multi = multi;
    }
    if (extra > 0) add_fixed(&block.extra, extra);
  }

  // The heads alone, one after the other.
  MOTES_HD void merge(int t, Block& block, const Thread& own) const {
    uint32_t lit = block.sums.before(t) & 0xffffu;
    MOTES_UNROLL
    for (int j = 0; j < kEach; ++j)
      if (own.heads >> j & 1) block.at(lit++) = own.item[j];
    if (t == kThreads - 1 && block.alike < block.end)
      key_in(block.at(lit)) = static_cast<Key<Item>>(key_of(items[block.alike]) - block.smallest);
  }

  MOTES_HD int64_t row_of(int64_t i, Block& block) const {
    return layout.row(block.region, uint64_t{static_cast<Key<Item>>(block.key(i) + block.smallest)});
  }

  MOTES_HD void write(const Spot& at, Block& block) const {
    const int64_t first = first_position(at.block, block);
    for (uint32_t i = static_cast<uint32_t>(at.thread); i < block.n_lit; i += kThreads) {
      const auto key = static_cast<Key<Item>>(block.key(i) + block.smallest);
      pixels[first + i] = static_cast<Pixel>(layout.pixel(block.region, key));
      if (!lengths) continue;
      const int64_t row = layout.row(block.region, key);
      if (i == 0 || row_of(i - 1, block) != row) add_fixed(lengths + row, 0u - i);
      if (i == block.n_lit - 1 || row_of(i + 1, block) != row) add_fixed(lengths + row, i + 1);
    }
    if (at.thread > 0) return;
    if (totals) {
      n_lit[at.block] = block.n_lit;
      n_multi[at.block] = block.n_multi;
      if (block.extra > 0) add_fixed(&totals->extra, block.extra);
    }
  }
};

}  // namespace motes::cuda
