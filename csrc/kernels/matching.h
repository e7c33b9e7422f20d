#pragma once
#include "kernels/circles.h"

namespace motes {

// One worker's memory for the largest micrograph.
struct MatchingMemory {
  CellsMemory cells;  // of the particles
  Ranked *ranked, *spare;
  uint8_t* claimed;  // particles
};

struct Cost {
  double first, second;
};

struct SparsePairs {
  int64_t n_rows, n_columns;
  const int64_t* indptr;  // n_rows + 1, from indptr[0]
  const int64_t* column;
  const Cost* cost;
  Cost unassigned;
};

struct AssignMemory {
  Cost *row_price, *column_price;  // dual variables
  Cost* distance;                  // columns
  int64_t *row_of, *column_of;     // -1: none
  int64_t *heap, *place, *from;    // columns: heap, where in it (-1 never met, -2 settled), the row that it was met from
  int64_t* touched;
};

}  // namespace motes
