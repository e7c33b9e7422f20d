// The entries of a sparse matrix in device memory as those of ingest.hpp: the row of each, and its count as an integer, if
// they are not all one.
//
// bytes    the row of an entry is found by bisection in indptr, which stays in a cache: 8 written; its count is read for
//          what is wrong with it, and for whether it is one; where one of them is not, read again and 8 written
#pragma once
#include <math.h>

#include "cuda/checks.hpp"
#include "cuda/entries.hpp"
#include "cuda/matrix.hpp"
#include "kernels/circles.h"

namespace motes::cuda {

// A count that integers hold; what is beyond their range turns negative.
MOTES_HD inline int64_t count_at(const MatrixGiven& matrix, int64_t i) {
  if (matrix.integers.data) return read_one(matrix.integers, i);
  const double count = number_at(matrix.reals, matrix.real_bytes, i);
  return count >= 0 && count < static_cast<double>(kCountLimit) && count == floor(count) ? static_cast<int64_t>(count) : -1;
}

struct NotWhole {
  MatrixGiven matrix;
  MOTES_HD bool operator()(int64_t i) const { return count_at(matrix, i) < 0; }
};

struct NotOne {
  MatrixGiven matrix;
  MOTES_HD bool operator()(int64_t i) const { return count_at(matrix, i) != 1; }
};

// Row n_rows: the end of all.
struct NoRow {
  MatrixGiven matrix;
  MOTES_HD bool operator()(int64_t p) const {
    const int64_t begin = read_one(matrix.indptr, p);
    if (p == 0 && begin != 0) return true;
    return p == matrix.n_rows ? begin != matrix.n_entries : begin > read_one(matrix.indptr, p + 1);
  }
};

struct RowOfEntry {
  MatrixGiven matrix;
  int64_t* row;
  MOTES_HD void operator()(int64_t i) const {
    int64_t low = 0, high = matrix.n_rows;  // the last row that begins at i or before
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      if (read_one(matrix.indptr, middle) <= i) low = middle;
      else high = middle;
    }
    row[i] = low;
  }
};

struct CountOfEntry {
  MatrixGiven matrix;
  int64_t* count;
  MOTES_HD void operator()(int64_t i) const { count[i] = count_at(matrix, i); }
};

// Waits.
template <class Queue>
MatrixFaults faults_of(Queue& queue, const MatrixGiven& matrix) {
  const auto rows = look_for(queue, matrix.n_rows + 1, NoRow{matrix});
  const auto entries = look_for(queue, matrix.n_entries, NotWhole{matrix});
  return {index_of(queue, rows), index_of(queue, entries)};
}

// In memory of the queue, of a matrix without faults. Waits for whether all counts are one.
template <class Queue>
motes_coo entries_of(Queue& queue, const MatrixGiven& matrix) {
  const int64_t n = matrix.n_entries;
  auto* const row = queue.template array<int64_t>(n);
  const auto others = look_for(queue, n, NotOne{matrix});
  for_each(queue, n, RowOfEntry{matrix, row});
  motes_coo entries{n, {row, MOTES_INT64}, matrix.columns, {nullptr, MOTES_INT64}};
  if (index_of(queue, others) == n) return entries;
  auto* const count = queue.template array<int64_t>(n);
  for_each(queue, n, CountOfEntry{matrix, count});
  entries.count.data = count;
  return entries;
}

}  // namespace motes::cuda
