#pragma once
#include <stdint.h>

#include "motes/motes.h"

namespace motes {

// What went wrong in a lane, and at which entry: the first of them is reported.
enum class IngestFault { none, row, column, count };

struct IngestFinding {
  IngestFault fault;
  int64_t index;
  bool in_order;  // rows ascend, and columns strictly inside a row: nothing has to be moved or merged
};

struct Entry {
  uint32_t row, pixel, count;  // row: relative to its bucket
};

// Rows of a bucket lie close together, so that sorting it stays in the cache.
struct Buckets {
  int64_t n_buckets;
  int shift;  // bucket = row >> shift
};

// One bucket, sorted and merged: what it adds to the container.
struct BucketSize {
  int64_t n_lit, n_multi;
  bool overflow;  // more photons in one pixel than int32 holds
};

}  // namespace motes
