// Yardsticks that the benchmarks measure the kernels by. Not of the C ABI: what they do may change with the kernels.
#pragma once
#include "motes/motes.h"

namespace motes {

// The rows of a table at the places that `index` names, read and added, pass after pass:
//
//     sum[c] = n_passes * sum_i table[index[i]][c]        width 4 (16 bytes) or 16 (64 bytes)
//
// index is checked once, not once a pass. Small whole numbers are summed exactly; other sums are rounded by pass.
motes_status probe_reads(const uint16_t* index, int64_t n, const float* table, int64_t n_rows, int width,
                         int64_t n_passes, double* sum, const motes_run* run, motes_error* error);

// 1, 2, 3 and 4 added to the four integers of the rows that `index` names, each thread in a table of its own:
//
//     counts[row][c] = n_passes * (c + 1) * #{i : index[i] = row}
motes_status probe_additions(const uint16_t* index, int64_t n, int64_t n_rows, int64_t n_passes, int64_t* counts,
                             const motes_run* run, motes_error* error);

// x <- x / 2 + 1 in float64, as wide as registers are, without a wait: it converges to 2. `n_operations`: the
// multiplications and additions of single numbers that it took.
motes_status probe_arithmetic(int64_t n_passes, int64_t* n_operations, double* value, const motes_run* run,
                              motes_error* error);

}  // namespace motes
