// Entries to the places of their key's next bits: how many go to each child of a segment, then there, in runs.
//
// A block takes a tile of one segment, counts its entries a child in shared memory, takes as many places of each child's
// own, and brings the tile into the order of the children before it writes. In what order entries of a child end up is
// left to chance: whoever reads them sorts them.
#pragma once
#include "cuda/entries.hpp"
#include "cuda/keys.hpp"
#include "cuda/scan.hpp"

namespace motes::cuda {

constexpr int kChildBits = 10, kMostChildren = 1 << kChildBits;
constexpr uint32_t kNowhere = UINT32_MAX;

// What a block has at once: each thread's part fits its registers.
template <class Item>
struct Share {
  static constexpr int kThreads = 256, kEach = 128 / static_cast<int>(sizeof(Item)), kAll = kThreads * kEach;
};

// Entries that agree in all bits that were looked at.
struct Segment {
  int64_t begin, end, region;
  MOTES_HD int64_t size() const { return end - begin; }
};

struct Tile {
  int64_t begin, end, first_child;
};

// COO entries, by their regions; with `fault`, checked, and left out where they are none.
template <class Item>
struct FromEntries {
  motes_coo entries;
  Layout layout;
  int64_t n_patterns, n_pixels;
  int64_t* fault;

  int64_t n_tiles() const { return blocks_for(entries.size, Share<Item>::kAll); }
  MOTES_HD int n_children() const { return 1 << layout.region_bits; }
  MOTES_HD Tile tile(int64_t block) const {
    const int64_t begin = block * Share<Item>::kAll, end = begin + Share<Item>::kAll;
    return {begin, end < entries.size ? end : entries.size, 0};
  }
  MOTES_HD void read(const Tile& tile, int64_t first, Item* item, uint32_t* child) const {
    const Batch batch(entries, first, Share<Item>::kThreads, tile.end);
    MOTES_UNROLL
    for (int k = 0; k < kTogether; ++k) {
      const int64_t i = first + k * Share<Item>::kThreads;
      child[k] = kNowhere;
      if (i >= tile.end || (fault && !batch.fine(k, i, n_patterns, n_pixels, fault)) || batch.count[k] == 0) continue;
      key_in(item[k]) = static_cast<Key<Item>>(layout.rest(batch.row[k], batch.column[k]));
      if constexpr (sizeof(Item) > sizeof(Key<Item>)) item[k].count = static_cast<uint32_t>(batch.count[k]);
      child[k] = layout.region(batch.row[k], batch.column[k]);
    }
  }
};

// Items of segments, by some bits of their keys.
template <class Item>
struct FromSegments {
  const Item* items;
  const Segment* segments;
  const int64_t* tiles_before;  // n_segments + 1
  int64_t n_segments, most_tiles;
  int shift, bits;

  int64_t n_tiles() const { return most_tiles; }
  MOTES_HD int n_children() const { return 1 << bits; }
  MOTES_HD Tile tile(int64_t block) const {
    if (block >= tiles_before[n_segments]) return {0, 0, 0};
    int64_t low = 0, high = n_segments;  // tiles_before[low] <= block < tiles_before[high]
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (tiles_before[middle] <= block ? low : high) = middle;
    }
    const int64_t begin = segments[low].begin + (block - tiles_before[low]) * Share<Item>::kAll,
                  end = begin + Share<Item>::kAll;
    return {begin, end < segments[low].end ? end : segments[low].end, low << bits};
  }
  MOTES_HD void read(const Tile& tile, int64_t first, Item* item, uint32_t* child) const {
    MOTES_UNROLL
    for (int k = 0; k < kTogether; ++k) {
      const int64_t i = first + k * Share<Item>::kThreads;
      child[k] = kNowhere;
      if (i >= tile.end) continue;
      item[k] = items[i];
      child[k] = static_cast<uint32_t>(low_bits(uint64_t{key_of(item[k])} >> shift, bits));
    }
  }
};

template <class Item, class Source>
struct CountChildren {
  static constexpr int kThreads = Share<Item>::kThreads;
  struct Thread {};
  struct Block {
    Tile tile;
    uint32_t count[kMostChildren];
  };
  Source source;
  int64_t* sizes;

  int64_t blocks() const { return source.n_tiles(); }
  int64_t shared_bytes() const { return sizeof(Block); }
  MOTES_HD Block* shared(unsigned char* memory) const { return reinterpret_cast<Block*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Block* const& block, Thread&) const {
    if (k == 0) {
      if (at.thread == 0) block->tile = source.tile(at.block);
      for (int c = at.thread; c < source.n_children(); c += kThreads) block->count[c] = 0;
    } else if (k == 1) {
      for (int j = 0; j < Share<Item>::kEach; j += kTogether) {
        Item item[kTogether];
        uint32_t child[kTogether];
        source.read(block->tile, block->tile.begin + j * kThreads + at.thread, item, child);
        MOTES_UNROLL
        for (int i = 0; i < kTogether; ++i)
          if (child[i] != kNowhere) take_places(block->count + child[i], 1);
      }
    } else {
      for (int c = at.thread; c < source.n_children(); c += kThreads)
        if (block->count[c]) add_fixed(sizes + block->tile.first_child + c, int64_t{block->count[c]});
    }
  }
};

template <class Item, class Source>
struct ToChildren {
  static constexpr int kThreads = Share<Item>::kThreads, kEach = Share<Item>::kEach, kRankBits = 16;
  static_assert(Share<Item>::kAll <= 1 << kRankBits && kChildBits + kRankBits < 32);
  struct Thread {
    Item item[kEach];
    uint32_t place[kEach];  // child and rank among the tile's entries of that child
  };
  struct Block {
    Tile tile;
    uint32_t n;  // entries that go somewhere
    BlockSums<kMostChildren, 32> counts;
    uint32_t start[kMostChildren];
    int64_t offset[kMostChildren];  // from places in the tile to places in memory
    Item item[Share<Item>::kAll];
    uint16_t child[Share<Item>::kAll];
  };
  Source source;
  int64_t* next;  // place of each child
  Item* to;

  int64_t blocks() const { return source.n_tiles(); }
  int64_t shared_bytes() const { return sizeof(Block); }
  MOTES_HD Block* shared(unsigned char* memory) const { return reinterpret_cast<Block*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 6; }
  MOTES_HD void phase(int64_t k, const Spot& at, Block* const& block, Thread& own) const {
    if (k == 0) {
      if (at.thread == 0) block->tile = source.tile(at.block);
      for (int c = at.thread; c < kMostChildren; c += kThreads) block->counts.number(c) = 0;
    } else if (k == 1) {
      rank(at, *block, own);
    } else if (k == 2) {
      block->counts.sum_rows(at.thread);
    } else if (k == 3) {
      for (int c = at.thread; c < kMostChildren; c += kThreads) take(c, *block);
    } else if (k == 4) {
      MOTES_UNROLL
      for (int j = 0; j < kEach; ++j) {
        if (own.place[j] == kNowhere) continue;
        const uint32_t child = own.place[j] >> kRankBits, staged = block->start[child] + (own.place[j] & 0xffffu);
        block->item[staged] = own.item[j];
        block->child[staged] = static_cast<uint16_t>(child);
      }
    } else {
      for (uint32_t i = static_cast<uint32_t>(at.thread); i < block->n; i += kThreads)
        to[block->offset[block->child[i]] + i] = block->item[i];
    }
  }

 private:
  MOTES_HD void rank(const Spot& at, Block& block, Thread& own) const {
    MOTES_UNROLL
    for (int j = 0; j < kEach; j += kTogether) {
      uint32_t child[kTogether];
      source.read(block.tile, block.tile.begin + j * kThreads + at.thread, own.item + j, child);
      MOTES_UNROLL
      for (int i = 0; i < kTogether; ++i)
        own.place[j + i] =
            child[i] == kNowhere ? kNowhere : child[i] << kRankBits | take_places(&block.counts.number(static_cast<int>(child[i])), 1);
    }
  }
  MOTES_HD void take(int c, Block& block) const {
    const uint32_t n = block.counts.itself(c), start = block.counts.before(c);
    block.start[c] = start;
    if (n > 0) block.offset[c] = take_places(next + block.tile.first_child + c, int64_t{n}) - start;
    if (c == kMostChildren - 1) block.n = start + n;
  }
};

// What stands in the tiles of segments, from one array to the same places of another.
template <class Item>
struct CopySegments {
  static constexpr int kThreads = Share<Item>::kThreads;
  struct Thread {};
  FromSegments<Item> source;
  Item* to;

  int64_t blocks() const { return source.n_tiles(); }
  int64_t shared_bytes() const { return sizeof(Tile); }
  MOTES_HD Tile* shared(unsigned char* memory) const { return reinterpret_cast<Tile*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 2; }
  MOTES_HD void phase(int64_t k, const Spot& at, Tile* const& tile, Thread&) const {
    if (k == 0 && at.thread == 0) *tile = source.tile(at.block);
    if (k == 1)
      for (int64_t i = tile->begin + at.thread; i < tile->end; i += kThreads) to[i] = source.items[i];
  }
};

struct CountTiles {
  const Segment* segments;
  int64_t tile;
  int64_t* n_tiles;
  MOTES_HD void operator()(int64_t i) const { n_tiles[i] = (segments[i].size() + tile - 1) / tile; }
};

// Children of segments, one after the other.
struct Children {
  const Segment* parents;  // null: one, of all entries, whose children are the regions
  const int64_t* starts;   // of the children, and one more: how many entries go to those before it
  int bits;
  int64_t n;

  MOTES_HD Segment operator()(int64_t c) const {
    const int64_t parent = c >> bits, size = starts[c + 1] - starts[c];
    if (!parents) return {starts[c], starts[c + 1], c};
    const int64_t begin = parents[parent].begin + starts[c] - starts[parent << bits];
    return {begin, begin + size, parents[parent].region};
  }
};

struct FirstPlaces {
  Children children;
  int64_t* next;
  MOTES_HD void operator()(int64_t c) const { next[c] = children(c).begin; }
};

// starts[c]: how many entries go to children before c. With a fault in the source, what is wrong is told there.
template <class Item, class Queue, class Source>
int64_t* count_children(Queue& queue, const Source& source, int64_t n_children) {
  auto* const starts = queue.template array<int64_t>(n_children + 1);
  queue.zero(starts, n_children + 1);
  queue.launch(CountChildren<Item, Source>{source, starts});
  sums_before(queue, starts, n_children, starts);
  return starts;
}

template <class Queue, class Source, class Item>
void to_children(Queue& queue, const Source& source, const Children& children, Item* to) {
  auto* const next = queue.template array<int64_t>(children.n);
  for_each(queue, children.n, FirstPlaces{children, next});
  queue.launch(ToChildren<Item, Source>{source, next, to});
}

template <class Queue, class Item>
FromSegments<Item> tiles_of(Queue& queue, const Item* items, const Segment* segments, int64_t n, int64_t size, int shift,
                            int bits) {
  auto* const tiles = queue.template array<int64_t>(n + 1);
  for_each(queue, n, CountTiles{segments, Share<Item>::kAll, tiles});
  sums_before(queue, tiles, n, tiles);
  return {items, segments, tiles, n, size / Share<Item>::kAll + n, shift, bits};
}

}  // namespace motes::cuda
