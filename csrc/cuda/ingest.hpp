// Ingest on a GPU: COO entries become compact patterns, with the bits of the CPU; see motes/ingest.hpp.
//
// Entries in order (rows ascending, columns strictly ascending inside a row, no counts) are written as they stand. Any
// others are brought together by the first bits of (row, pixel): regions, their children, and those of children that are
// still larger than shared memory holds, as often as it takes (partition.hpp). Then each block sorts and merges one slot
// of them in shared memory (sort_slots.hpp). No result depends on the order in which entries come to their places: they
// are sorted after that, and counts are integers.
//
// bytes    a photon of 4-byte rows and columns, N M <= 2^42, at least a few photons a pattern, K <= 3e9 shuffled ones:
//            8      read     for the limits and the sizes of regions
//            8 + 4  read, written     to the regions
//            4      read     for the sizes of children
//            4 + 4  read, written     to the children
//            4 + 2  read, written     sorted: once more, 6, where any pixel has several photons
//          38 in all, and 24 a pattern (lengths, their sums): 39 a photon where a pattern has 27. Finding n_patterns
//          reads 4 before that. In order: 26. Keys of 8 bytes (N M > 2^42) take 16 more, counts 40 more.
// bound    device memory: 2.7e8 photons of 27 a pattern move 10.5 GB, 3.2 ms at 3.35 TB/s. Beside it the sort in shared
//          memory: four passes of 5 bits over the keys of about 150 patterns, each 2 reads and 1 write of a key, 2 reads
//          and writes of a counter and 1 of a place, 24 accesses a photon and twice that where banks collide, 2 ms at 132
//          multiprocessors of 32 accesses a cycle. What shared-memory atomics cost (one a photon and scattering) is less.
// memory   beside the entries and the result: two keys an entry, 8 to 32 bytes, and 4 bytes a pattern
#pragma once
#include <initializer_list>

#include "cuda/place_in_order.hpp"
#include "cuda/sort_slots.hpp"

namespace motes::cuda {

// What became of entries. `room` gave the memory of the arrays.
struct Ingested {
  int64_t fault = Fault::kNone;
  bool too_many = false;
  motes_patterns arrays{sizeof(motes_patterns), 0, 0, nullptr, nullptr, 0, 0, nullptr, nullptr};
  int64_t extra = 0;  // photons beyond the first of their pixels
};

// How many first bits of a key say so much that a segment of entries that agree in them fits half a slot or so, were
// entries spread evenly.
struct Bits {
  int row, pixel, split;

  static Bits of(int64_t size, int64_t n_patterns, int64_t n_pixels, int64_t places) {
    Bits bits{bits_below(n_patterns), bits_below(n_pixels), 0};
    const auto segments = [&] {
      const int below = bits.row - bits.split;  // bits of the row that do not count
      const int64_t rows = n_patterns > 0 ? n_patterns : 1;
      return below >= 0 ? ((rows - 1) >> below) + 1 : rows << -below;
    };
    while (bits.split < bits.row + bits.pixel && size / segments() > places - places / 8) ++bits.split;
    return bits;
  }
  // Of as many levels as are needed, the bits of the first.
  static int of_level(int split) {
    const int n_levels = (split + kChildBits - 1) / kChildBits;
    return n_levels == 0 ? 0 : (split + n_levels - 1) / n_levels;
  }
  // Keys in 4 bytes where that is to be had, else in fewer than 64 bits.
  Layout layout() const {
    const int all = row + pixel;
    int region = of_level(split);
    for (const int rest : {63, 32})
      if (all - rest > region && all - rest <= kChildBits) region = all - rest;
    return {pixel, region, all - region};
  }
};

struct Sizes {
  int64_t fault, largest;  // of the segments
  uint32_t out_of_order;
};

struct LargestSize {
  const int64_t* starts;
  int64_t* largest;
  MOTES_HD void operator()(int64_t c) const { take_larger(largest, starts[c + 1] - starts[c]); }
};

// The arrays of patterns from slots: their pixels as if each entry lit one of its own, which is all there is to do where
// that turns out to be true.
template <class Item, class Pixel, class Queue, class Room>
Ingested patterns_of(Queue& queue, const Item* items, const Layout& layout, const Slots& slots, int64_t size,
                     int64_t n_patterns, int64_t n_pixels, Room& room) {
  auto* const lit = queue.template array<int64_t>(slots.n + 1);
  auto* const multi = queue.template array<int64_t>(slots.n + 1);
  auto* const lengths = queue.template array<uint32_t>(n_patterns);
  auto* const totals = queue.template array<IngestTotals>(1);
  queue.zero(lit, slots.n + 1);
  queue.zero(multi, slots.n + 1);
  queue.zero(lengths, n_patterns);
  queue.zero(totals, 1);
  auto* pixels = room.template of<Pixel>(PatternsPart::pixels, size);
  auto* const indptr = room.template of<int64_t>(PatternsPart::indptr, n_patterns + 1);
  queue.launch(SortSlots<Item, Pixel>{items, layout, slots, pixels, nullptr, lit, multi, lengths, totals, nullptr,
                                      nullptr, nullptr});
  sums_before(queue, lengths, n_patterns, indptr);
  sums_before(queue, lit, slots.n, lit);
  sums_before(queue, multi, slots.n, multi);
  const int64_t n_lit = queue.read(lit + slots.n), n_multi = queue.read(multi + slots.n);
  const IngestTotals total = queue.read(totals);
  Ingested found;
  found.too_many = total.too_many != 0;
  found.extra = total.extra;
  if (found.too_many || !queue.fine()) return found;
  auto* const position = room.template of<int64_t>(PatternsPart::multi_position, n_multi);
  auto* const extra = room.template of<int32_t>(PatternsPart::multi_extra, n_multi);
  if (n_lit < size) pixels = room.template of<Pixel>(PatternsPart::pixels, n_lit);
  if (n_lit < size || n_multi > 0)
    queue.launch(SortSlots<Item, Pixel>{items, layout, slots, pixels, lit, lit, multi, nullptr, nullptr, multi, position,
                                        extra});
  found.arrays = {sizeof(motes_patterns), n_patterns, n_pixels, indptr, pixels,
                  static_cast<int>(sizeof(Pixel)), n_multi, position, extra};
  return found;
}

// Children that need no more bits go to their slots; the others are what comes next.
template <class Queue>
Segment* put_children(Queue& queue, const Children& children, const Slots& slots, int bits_left, int64_t* n_open) {
  for_each(queue, children.n, PutSegments{children, slots, bits_left});
  *n_open = 0;
  if (bits_left == 0) return nullptr;
  const Selected open = select(queue, children.n, TooLarge{children, slots.places});
  auto* const segments = queue.template array<Segment>(open.n);
  for_each(queue, open.n, TakeSegments{children, open.index, segments});
  *n_open = open.n;
  return segments;
}

// Splits regions until what is left has places in slots; returns where the items are then.
template <class Queue, class Item>
Item* split(Queue& queue, const Children& regions, const Slots& slots, int64_t size, int bits_left, int planned, Item* items,
            Item* spare) {
  auto* segments = queue.template array<Segment>(regions.n);
  for_each(queue, regions.n, TakeSegments{regions, nullptr, segments});
  int64_t n_open = regions.n;
  for (bool first = true; n_open > 0 && queue.fine(); first = false) {
    constexpr int kUnplanned = 8;
    const int wanted = planned > 0 ? Bits::of_level(planned) : kUnplanned, bits = wanted < bits_left ? wanted : bits_left;
    bits_left -= bits;
    planned -= bits;
    const auto source = tiles_of(queue, items, segments, n_open, size, bits_left, bits);
    const int64_t n = n_open << bits;
    const Children children{segments, count_children<Item>(queue, source, n), bits, n};
    to_children(queue, source, children, spare);
    if (first) {  // all went there
      Item* const before = items;
      items = spare;
      spare = before;
    } else {
      auto back = source;
      back.items = spare;
      queue.launch(CopySegments<Item>{back, items});
    }
    segments = put_children(queue, children, slots, bits_left, &n_open);
  }
  return items;
}

template <class Item, class Queue, class Room>
Ingested ingest_as(Queue& queue, const motes_coo& entries, const Bits& bits, int64_t n_patterns, int64_t n_pixels,
                   Room& room) {
  constexpr int64_t kPlaces = Share<Item>::kAll / 2;
  const Layout layout = bits.layout();
  auto* const sizes = queue.template array<Sizes>(1);
  fill(queue, sizes, 1, Sizes{Fault::kNone, 0, 0});
  FromEntries<Item> source{entries, layout, n_patterns, n_pixels, &sizes->fault};
  const Children regions{nullptr, count_children<Item>(queue, source, layout.n_regions()), layout.region_bits,
                         layout.n_regions()};
  for_each(queue, regions.n, LargestSize{regions.starts, &sizes->largest});
  if (!entries.count.data) queue.launch(LookForDisorder{entries, &sizes->out_of_order});
  const Sizes found = queue.read(sizes);
  Ingested none;
  none.fault = found.fault;
  if (!queue.fine() || found.fault != Fault::kNone) return none;
  const auto with_pixel = [&]<class Pixel>(Pixel) {
    if (!entries.count.data && !found.out_of_order) {
      Ingested all;
      all.arrays = place_in_order<Pixel>(queue, entries, n_patterns, n_pixels, room);
      return all;
    }
    source.fault = nullptr;
    const int64_t size = entries.count.data ? queue.read(regions.starts + regions.n) : entries.size;
    auto* items = queue.template array<Item>(size);
    to_children(queue, source, regions, items);
    const Slots slots = slots_of(queue, regions.starts, regions.n, size, kPlaces);
    if (found.largest > kPlaces && layout.rest_bits > 0)
      items = split(queue, regions, slots, size, layout.rest_bits, bits.split - layout.region_bits, items,
                    queue.template array<Item>(size));
    else
      for_each(queue, regions.n, PutSegments{regions, slots, layout.rest_bits});
    return patterns_of<Item, Pixel>(queue, items, layout, slots, size, n_patterns, n_pixels, room);
  };
  return n_pixels <= 65536 ? with_pixel(uint16_t{}) : with_pixel(uint32_t{});
}

// room.of<T>(part, n): device memory for n numbers, and 16 bytes that can be read after them; asked for again, it takes
// the place of what was given before. Waits.
template <class Queue, class Room>
Ingested ingest(Queue& queue, const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, Room&& room) {
  const auto as = [&]<class Item>(Item) {
    const Bits bits = Bits::of(entries.size, n_patterns, n_pixels, Share<Item>::kAll / 2);
    return ingest_as<Item>(queue, entries, bits, n_patterns, n_pixels, room);
  };
  if (entries.count.data) return as(Counted{});
  const Bits bits = Bits::of(entries.size, n_patterns, n_pixels, Share<uint32_t>::kAll / 2);
  return bits.layout().rest_bits <= 32 ? as(uint32_t{}) : as(uint64_t{});
}

}  // namespace motes::cuda
