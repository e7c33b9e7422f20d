// A sparse matrix of counts in device memory, row after row.
#pragma once
#include "motes/motes.h"

namespace motes::cuda {

// Entries indptr[p] .. indptr[p + 1] - 1 are those of row p. Their counts are integers where `integers` has data, else
// float32 or float64.
struct MatrixGiven {
  int64_t n_rows, n_columns, n_entries;
  motes_integers indptr;   // (n_rows + 1)
  motes_integers columns;  // (n_entries)
  motes_integers integers;
  const void* reals;
  int real_bytes;
};

// The first row whose ends are wrong, and the first entry whose count is; their numbers where there is none.
struct MatrixFaults {
  int64_t row, entry;
};

}  // namespace motes::cuda
