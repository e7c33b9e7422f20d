#pragma once
#include <stdint.h>

#include "kernels/host_device.h"
#include "motes/motes.h"

namespace motes {

MOTES_HD inline double number_at(const void* values, int real_bytes, int64_t i) {
  return real_bytes == 4 ? static_cast<double>(static_cast<const float*>(values)[i]) : static_cast<const double*>(values)[i];
}

// All pairs inside each micrograph: its block of the output starts at `block[b]`.
struct AllPairs {
  int64_t n_micrographs;
  const int64_t *a_indptr, *b_indptr, *block;  // n_micrographs + 1 each
};

// Where two circles count as one: by overlap, or by the distance of their centres.
struct Nearness {
  motes_measure measure;
  double threshold;
  double factor;   // IoU above the threshold only below factor * (r1 + r2)
  double reach;    // where the distance alone decides: centres closer than this; otherwise 0
  bool possible;   // false: nothing is near anything
};

struct Cell {
  uint32_t tag;  // a part of the hash of its numbers
  int32_t head;  // 1 + the last circle put here; 0: the cell is free
};

struct Placed {  // in one line of the cache
  double x, y, r;
  int32_t next, next_in_level;  // 1 + the circle before; 0: none
};

// Caller's memory for up to n circles: a table of 4 n cells, 1024 at least. See cells.h.
struct CellsMemory {
  Cell* table;
  Placed* circles;
};

// An entry that is sorted by the key of its index: see order.h.
struct Ranked {
  uint32_t key;  // the leading bits
  uint32_t index;
};

// Caller's memory for n circles: see grid.h.
constexpr int64_t kGridMargin = 8;
constexpr int64_t cells_of_grid(int64_t n) { return n < int64_t{1} << 29 ? 2 * n + 256 : int64_t{1} << 30; }
struct GridMemory {
  uint32_t* starts;         // cells_of_grid(n) + 2
  uint32_t *cell, *index;   // n
  double *x, *y, *score;    // n + kGridMargin
  double* r;                // likewise
  uint8_t* fate;            // n
};

}  // namespace motes
