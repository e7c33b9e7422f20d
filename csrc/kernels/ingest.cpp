// COO entries (pattern, pixel, count) -> compact patterns: see motes/ingest.hpp.
#include "kernels/ingest.h"

#include <string.h>

#include "kernels/integers.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

// Small enough that the machine fetches the next chunk while this one, in the nearest cache, is passed over several times.
constexpr int kChunk = 512;

template <class T>
inline void widen_as(const void* data, int64_t offset, int n, int64_t* out) {
  const char* from = static_cast<const char*>(data) + offset * static_cast<int64_t>(sizeof(T));
  for (int k = 0; k < n; ++k) {
    T value;
    memcpy(&value, from + k * static_cast<int64_t>(sizeof(T)), sizeof(T));  // the caller's array may be unaligned
    out[k] = static_cast<int64_t>(value);  // a uint64 beyond int64 turns negative, hence out of every range
  }
}

void widen(const motes_integers& values, int64_t offset, int n, int64_t* out) {
  with_integer(values.type, [&](auto type) { widen_as<decltype(type)>(values.data, offset, n, out); });
}

inline bool any_outside(const int64_t* values, int n, int64_t limit) {
  uint64_t outside = 0;
  for (int k = 0; k < n; ++k) outside |= static_cast<uint64_t>(values[k]) >= static_cast<uint64_t>(limit);
  return outside != 0;
}

inline int64_t first_outside(const int64_t* values, int n, int64_t limit) {
  int k = 0;
  while (k < n && static_cast<uint64_t>(values[k]) < static_cast<uint64_t>(limit)) ++k;
  return k;
}

// A chunk as uint32, 0 .. limit - 1; false if any value is outside. One pass, which compilers vectorise.
template <class T>
inline bool narrow_as(const void* data, int64_t offset, int n, uint64_t limit, uint32_t* out) {
  const char* from = static_cast<const char*>(data) + offset * static_cast<int64_t>(sizeof(T));
  uint32_t outside = 0;
  for (int k = 0; k < n; ++k) {
    T value;
    memcpy(&value, from + k * static_cast<int64_t>(sizeof(T)), sizeof(T));
    outside |= static_cast<uint64_t>(static_cast<int64_t>(value)) >= limit;
    out[k] = static_cast<uint32_t>(value);
  }
  return outside == 0;
}

bool narrow(const motes_integers& values, int64_t offset, int n, int64_t limit, uint32_t* out) {
  const auto top = static_cast<uint64_t>(limit);
  return with_integer(values.type,
                      [&](auto type) { return narrow_as<decltype(type)>(values.data, offset, n, top, out); });
}

IngestFinding first_outside_in_chunk(const motes_integers& values, IngestFault fault, int64_t at, int n, int64_t limit) {
  int64_t chunk[kChunk];
  widen(values, at, n, chunk);
  return {fault, at + first_outside(chunk, n, limit), true};
}

// Entries out of order may make two lanes write the same element; all are then written anew by another way.
inline void store_relaxed(int64_t* to, int64_t value) { __atomic_store_n(to, value, __ATOMIC_RELAXED); }

// Which of 64 flags, bytes of 0 or 1, are set: the first is the lowest bit.
inline uint64_t mask_of(const uint8_t* flags) {
  uint64_t mask = 0;
  for (int k = 0; k < 8; ++k) {
    uint64_t eight;
    memcpy(&eight, flags + 8 * k, sizeof eight);
    mask |= (eight * 0x0102040810204080u >> 56) << (8 * k);  // byte i to bit 56 + i
  }
  return mask;
}

// indptr of the patterns that begin at entries 1 .. n of a chunk; row[0] is the entry before. Patterns begin where no
// branch predictor expects them, so four are looked for at a time, there or not.
inline void write_starts(const uint32_t* row, int n, int64_t at, int64_t* indptr) {
  uint8_t begins[kChunk + 64];
  int32_t start[kChunk + 4];
  for (int k = 1; k <= n; ++k) begins[k - 1] = row[k] != row[k - 1];
  memset(begins + n, 0, 64);
  int n_starts = 0;
  for (int k = 0; k < n; k += 64) {
    uint64_t mask = mask_of(begins + k);
    const int found = __builtin_popcountll(mask);
    for (int done = 0; done < found; done += 4)
      for (int j = 0; j < 4; ++j) {
        start[n_starts + done + j] = k + 1 + __builtin_ctzll(mask | uint64_t{1} << 63);
        mask &= mask - 1;
      }
    n_starts += found;
  }
  for (int i = 0; i < n_starts; ++i) {
    const int k = start[i];
    for (int64_t r = row[k - 1]; r < row[k]; ++r) store_relaxed(indptr + r + 1, at + k - 1);
  }
}

template <class Pixel>
IngestFinding place_in_order(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, int64_t* indptr,
                             Pixel* pixels, Lane lane) {
  uint32_t row[kChunk + 1], column[kChunk + 1];
  bool in_order = true, at_start = lane.begin == 0;
  if (!at_start) {  // what the lane before ends with; its range is that lane's to check
    narrow(entries.row, lane.begin - 1, 1, n_patterns, row);
    narrow(entries.column, lane.begin - 1, 1, n_pixels, column);
  }
  for (int64_t at = lane.begin; at < lane.end; at += kChunk) {
    const int n = static_cast<int>(lane.end - at < kChunk ? lane.end - at : kChunk);
    if (!narrow(entries.row, at, n, n_patterns, row + 1))
      return first_outside_in_chunk(entries.row, IngestFault::row, at, n, n_patterns);
    if (!narrow(entries.column, at, n, n_pixels, column + 1))
      return first_outside_in_chunk(entries.column, IngestFault::column, at, n, n_pixels);
    if (in_order) {
      if (at_start) {  // as if an entry stood before the first of all
        for (int64_t r = 0; r <= row[1]; ++r) store_relaxed(indptr + r, 0);
        row[0] = row[1];
        column[0] = column[1];
      }
      uint32_t ordered = 1;
      for (int k = at_start ? 2 : 1; k <= n; ++k)
        ordered &= static_cast<uint32_t>(row[k] > row[k - 1]) |
                   (static_cast<uint32_t>(row[k] == row[k - 1]) & static_cast<uint32_t>(column[k] > column[k - 1]));
      in_order = ordered != 0;
      at_start = false;
    }
    if (in_order) {
      for (int k = 1; k <= n; ++k) pixels[at + k - 1] = static_cast<Pixel>(column[k]);
      write_starts(row, n, at, indptr);
    }
    row[0] = row[n];
    column[0] = column[n];
  }
  return {IngestFault::none, -1, in_order};
}

// Stable counting sort of entries by 11 bits of the pixel or by the row.
template <class Key>
inline void counting_sort(const Entry* from, Entry* to, int64_t n, int64_t* starts, int64_t n_keys, Key key) {
  memset(starts, 0, sizeof(int64_t) * static_cast<size_t>(n_keys + 1));
  for (int64_t i = 0; i < n; ++i) ++starts[key(from[i]) + 1];
  for (int64_t k = 0; k < n_keys; ++k) starts[k + 1] += starts[k];
  for (int64_t i = 0; i < n; ++i) to[starts[key(from[i])]++] = from[i];
}

}  // namespace

int64_t largest_in_lane(const motes_integers& values, Lane lane, int64_t* negative_at) {
  int64_t chunk[kChunk], largest = -1;
  for (int64_t at = lane.begin; at < lane.end; at += kChunk) {
    const int n = static_cast<int>(lane.end - at < kChunk ? lane.end - at : kChunk);
    widen(values, at, n, chunk);
    int64_t any_negative = 0;
    for (int k = 0; k < n; ++k) {
      largest = chunk[k] > largest ? chunk[k] : largest;
      any_negative |= chunk[k] < 0;
    }
    if (any_negative && *negative_at < 0) *negative_at = at + first_outside(chunk, n, INT64_MAX);
  }
  return largest;
}

IngestFinding place_entries_in_order(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, int64_t* indptr,
                                     void* pixels, int pixel_bytes, Lane lane) {
  if (pixel_bytes == 2)
    return place_in_order(entries, n_patterns, n_pixels, indptr, static_cast<uint16_t*>(pixels), lane);
  return place_in_order(entries, n_patterns, n_pixels, indptr, static_cast<uint32_t*>(pixels), lane);
}

// Entries of a lane for each bucket; entries without photons are left out.
IngestFinding count_buckets(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, Buckets buckets,
                            int64_t* sizes, Lane lane) {
  int64_t row[kChunk], column[kChunk], count[kChunk];
  for (int64_t at = lane.begin; at < lane.end; at += kChunk) {
    const int n = static_cast<int>(lane.end - at < kChunk ? lane.end - at : kChunk);
    widen(entries.row, at, n, row);
    widen(entries.column, at, n, column);
    if (any_outside(row, n, n_patterns)) return {IngestFault::row, at + first_outside(row, n, n_patterns), false};
    if (any_outside(column, n, n_pixels)) return {IngestFault::column, at + first_outside(column, n, n_pixels), false};
    if (entries.count.data) {
      constexpr int64_t kLimit = int64_t{1} << 31;
      widen(entries.count, at, n, count);
      if (any_outside(count, n, kLimit)) return {IngestFault::count, at + first_outside(count, n, kLimit), false};
      for (int k = 0; k < n; ++k) sizes[row[k] >> buckets.shift] += count[k] != 0;
    } else {
      for (int k = 0; k < n; ++k) ++sizes[row[k] >> buckets.shift];
    }
  }
  return {IngestFault::none, -1, false};
}

void fill_buckets(const motes_coo& entries, Buckets buckets, int64_t* next, Entry* out, Lane lane) {
  int64_t row[kChunk], column[kChunk], count[kChunk];
  for (int64_t at = lane.begin; at < lane.end; at += kChunk) {
    const int n = static_cast<int>(lane.end - at < kChunk ? lane.end - at : kChunk);
    widen(entries.row, at, n, row);
    widen(entries.column, at, n, column);
    if (entries.count.data) widen(entries.count, at, n, count);
    else
      for (int k = 0; k < n; ++k) count[k] = 1;
    for (int k = 0; k < n; ++k) {
      if (count[k] == 0) continue;
      const int64_t bucket = row[k] >> buckets.shift;
      out[next[bucket]++] = {static_cast<uint32_t>(row[k] - (bucket << buckets.shift)), static_cast<uint32_t>(column[k]),
                             static_cast<uint32_t>(count[k])};
    }
  }
}

// Sorts a bucket by row and pixel, merges what falls on the same pixel, and writes the lit pixels of each row to
// lengths[0 .. n_rows). `spare` holds as many entries, `starts` max(2048, n_rows) + 1 numbers.
BucketSize sort_bucket(Entry* entries, Entry* spare, int64_t n, int64_t n_rows, int64_t n_pixels, int64_t* starts,
                       int64_t* lengths) {
  constexpr int kBits = 11;
  Entry *from = entries, *to = spare;
  const auto swap = [&] {
    Entry* held = from;
    from = to;
    to = held;
  };
  for (int shift = 0; shift == 0 || (n_pixels - 1) >> shift > 0; shift += kBits) {
    counting_sort(from, to, n, starts, int64_t{1} << kBits,
                  [shift](const Entry& e) { return e.pixel >> shift & ((1u << kBits) - 1); });
    swap();
  }
  counting_sort(from, to, n, starts, n_rows, [](const Entry& e) { return e.row; });
  swap();
  BucketSize size{0, 0, false};
  memset(lengths, 0, sizeof(int64_t) * static_cast<size_t>(n_rows));
  for (int64_t i = 0; i < n;) {
    Entry merged = from[i];
    uint64_t count = merged.count;
    for (++i; i < n && from[i].row == merged.row && from[i].pixel == merged.pixel; ++i) count += from[i].count;
    size.overflow |= count >> 31 != 0;
    merged.count = static_cast<uint32_t>(count);
    ++lengths[merged.row];
    size.n_multi += count > 1;
    entries[size.n_lit++] = merged;  // never ahead of what is read, wherever `from` is
  }
  return size;
}

void write_bucket(const Entry* entries, BucketSize size, int64_t first_position, void* pixels, int pixel_bytes,
                  int64_t* multi_position, int32_t* multi_extra) {
  for (int64_t i = 0; i < size.n_lit; ++i) {
    if (pixel_bytes == 2) static_cast<uint16_t*>(pixels)[first_position + i] = static_cast<uint16_t>(entries[i].pixel);
    else static_cast<uint32_t*>(pixels)[first_position + i] = entries[i].pixel;
    if (entries[i].count > 1) {
      *multi_position++ = first_position + i;
      *multi_extra++ = static_cast<int32_t>(entries[i].count - 1);
    }
  }
}

void total_image(const motes_patterns& patterns, int64_t* photons, Lane lane) {
  const int64_t first = patterns.indptr[lane.begin], last = patterns.indptr[lane.end];
  if (patterns.pixel_bytes == 2)
    for (int64_t i = first; i < last; ++i) ++photons[static_cast<const uint16_t*>(patterns.pixels)[i]];
  else
    for (int64_t i = first; i < last; ++i) ++photons[static_cast<const uint32_t*>(patterns.pixels)[i]];
}

}  // namespace motes::MOTES_ISA
