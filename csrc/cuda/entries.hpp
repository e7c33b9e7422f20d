// COO entries in device memory, read a few at a time by each thread; the words in which they are refused are the CPU's
// (dispatch/ingest.hpp).
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/queue.hpp"
#include "dispatch/ingest.hpp"
#include "kernels/integers.h"

namespace motes::cuda {

constexpr int kTogether = 4;  // numbers that a thread asks for before it looks at the first

template <class T>
MOTES_HD inline void read_as(const void* data, int64_t first, int64_t stride, int64_t end, int64_t* out) {
  const T* const values = static_cast<const T*>(data);
  MOTES_UNROLL
  for (int k = 0; k < kTogether; ++k)
    if (first + k * stride < end) out[k] = static_cast<int64_t>(values[first + k * stride]);
}

// Numbers first, first + stride, ... below end; beyond int64 they turn negative.
MOTES_HD inline void read_some(const motes_integers& values, int64_t first, int64_t stride, int64_t end, int64_t* out) {
  with_integer(values.type, [&](auto type) { read_as<decltype(type)>(values.data, first, stride, end, out); });
}

MOTES_HD inline int64_t read_one(const motes_integers& values, int64_t i) {
  int64_t out[kTogether];
  read_some(values, i, 1, i + 1, out);
  return out[0];
}

// The first of what is wrong, as the CPU finds it: 512 entries at a time, of these the rows, the columns, the counts.
struct Fault {
  static constexpr int64_t kNone = INT64_MAX;
  enum Kind { kRow, kColumn, kCount };

  MOTES_HD static int64_t at(Kind kind, int64_t i) { return (i >> 9) << 11 | int64_t{kind} << 9 | (i & 511); }
  static Kind kind(int64_t fault) { return static_cast<Kind>(fault >> 9 & 3); }
  static int64_t index(int64_t fault) { return (fault >> 11) << 9 | (fault & 511); }
};

// kTogether entries of a thread.
struct Batch {
  int64_t row[kTogether], column[kTogether], count[kTogether];

  MOTES_HD Batch(const motes_coo& entries, int64_t first, int64_t stride, int64_t end) {
    read_some(entries.row, first, stride, end, row);
    read_some(entries.column, first, stride, end, column);
    if (entries.count.data) read_some(entries.count, first, stride, end, count);
    else
      for (int64_t& one : count) one = 1;
  }
  // Whether entry k, the i-th of all, is one of n_patterns patterns of n_pixels pixels; if not, that is told.
  MOTES_HD bool fine(int k, int64_t i, int64_t n_patterns, int64_t n_pixels, int64_t* fault) const {
    if (outside(row[k], n_patterns)) take_smaller(fault, Fault::at(Fault::kRow, i));
    else if (outside(column[k], n_pixels)) take_smaller(fault, Fault::at(Fault::kColumn, i));
    else if (outside(count[k], kCountLimit)) take_smaller(fault, Fault::at(Fault::kCount, i));
    else return true;
    return false;
  }

 private:
  MOTES_HD static bool outside(int64_t value, int64_t limit) {
    return static_cast<uint64_t>(value) >= static_cast<uint64_t>(limit);
  }
};

// The largest of n numbers, and the first that is negative: kThreads * kEach of them by each block.
struct Largest {
  static constexpr int kThreads = 256, kEach = 32, kTile = kThreads * kEach;
  struct Thread {};
  struct Found {
    int64_t largest, negative_at;
  };
  motes_integers values;
  int64_t n;
  Found* found;  // at first {-1, n}

  int64_t blocks() const { return blocks_for(n, kTile); }
  int64_t shared_bytes() const { return sizeof(Found); }
  MOTES_HD Found* shared(unsigned char* memory) const { return reinterpret_cast<Found*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Found* const& own, Thread&) const {
    if (k != 1) {
      if (at.thread > 0) return;
      if (k == 0) *own = {-1, n};
      else {
        take_larger(&found->largest, own->largest);
        take_smaller(&found->negative_at, own->negative_at);
      }
      return;
    }
    Found mine{-1, n};
    for (int j = 0; j < kEach; j += kTogether) {
      const int64_t first = at.block * kTile + j * kThreads + at.thread;
      int64_t value[kTogether];
      read_some(values, first, kThreads, n, value);
      MOTES_UNROLL
      for (int i = 0; i < kTogether; ++i) {
        const int64_t where = first + i * kThreads;
        if (where >= n) continue;
        mine.largest = value[i] > mine.largest ? value[i] : mine.largest;
        if (value[i] < 0 && where < mine.negative_at) mine.negative_at = where;
      }
    }
    take_larger(&own->largest, mine.largest);
    if (mine.negative_at < n) take_smaller(&own->negative_at, mine.negative_at);
  }
};

template <class Queue>
Largest::Found largest_of(Queue& queue, const motes_integers& values, int64_t n) {
  const Largest::Found nothing{-1, n};
  auto* const found = queue.template array<Largest::Found>(1);
  fill(queue, found, 1, nothing);
  queue.launch(Largest{values, n, found});
  return queue.fine() ? queue.read(found) : nothing;
}

}  // namespace motes::cuda
