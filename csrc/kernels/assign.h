// One-to-one assignment of rows to columns over a sparse list of possible pairs, at the least total cost.
//
// Rows are added one by one, each by the shortest augmenting path (Dijkstra on reduced costs), which may end at a free
// column or leave a row unassigned at a price. Costs are pairs, compared first part first: "as many as can be, and of
// those the best" needs no large number that would eat the digits of the second part.
#pragma once
#include "kernels/isa.h"
#include "kernels/matching.h"

namespace motes::MOTES_ISA {
namespace {

inline Cost operator+(Cost a, Cost b) { return {a.first + b.first, a.second + b.second}; }
inline Cost operator-(Cost a, Cost b) { return {a.first - b.first, a.second - b.second}; }
inline bool operator<(Cost a, Cost b) { return a.first < b.first || (a.first == b.first && a.second < b.second); }

// Columns by distance; of equal ones, those that are free: among circles on one spot every path is as short as any other,
// and only at a free column it ends.
class ShortestFirst {
 public:
  explicit ShortestFirst(const AssignMemory& memory) : m_(memory) {}
  int64_t size = 0;

  void lower(int64_t column) {  // new, or nearer than before
    int64_t at = m_.place[column] >= 0 ? m_.place[column] : size++;
    for (; at > 0 && before(column, m_.heap[(at - 1) / 2]); at = (at - 1) / 2) set(at, m_.heap[(at - 1) / 2]);
    set(at, column);
  }
  int64_t take() {
    const int64_t top = m_.heap[0], last = m_.heap[--size];
    int64_t at = 0;
    for (int64_t child; (child = 2 * at + 1) < size; at = child) {
      if (child + 1 < size && before(m_.heap[child + 1], m_.heap[child])) ++child;
      if (!before(m_.heap[child], last)) break;
      set(at, m_.heap[child]);
    }
    if (size > 0) set(at, last);
    m_.place[top] = -2;
    return top;
  }

 private:
  bool before(int64_t a, int64_t b) const {
    if (m_.distance[a] < m_.distance[b]) return true;
    return m_.row_of[a] < 0 && m_.row_of[b] >= 0 && !(m_.distance[b] < m_.distance[a]);
  }
  void set(int64_t at, int64_t column) {
    m_.heap[at] = column;
    m_.place[column] = at;
  }
  const AssignMemory& m_;
};

inline void assign_row(const SparsePairs& pairs, const AssignMemory& m, int64_t start) {
  ShortestFirst open(m);
  int64_t n_touched = 0, row = start, end = -1, free_row = start;
  Cost at{0, 0}, leave = pairs.unassigned - m.row_price[start];  // least way to leave a row, `free_row`, unassigned
  for (;;) {
    for (int64_t e = pairs.indptr[row]; e < pairs.indptr[row + 1]; ++e) {
      const int64_t column = pairs.column[e];
      if (m.place[column] == -2) continue;
      const Cost distance = at + (pairs.cost[e] - m.row_price[row] - m.column_price[column]);
      if (m.place[column] == -1) m.touched[n_touched++] = column;
      if (m.place[column] == -1 || distance < m.distance[column]) {
        m.distance[column] = distance;
        m.from[column] = row;
        open.lower(column);
      }
    }
    if (open.size == 0 || !(m.distance[m.heap[0]] < leave)) break;
    const int64_t column = open.take();
    at = m.distance[column];
    if (m.row_of[column] < 0) {
      end = column;
      break;
    }
    row = m.row_of[column];
    const Cost here = at + (pairs.unassigned - m.row_price[row]);
    if (here < leave) leave = here, free_row = row;
  }
  const Cost total = end >= 0 ? at : leave;
  m.row_price[start] = m.row_price[start] + total;
  for (int64_t k = 0; k < n_touched; ++k) {
    const int64_t column = m.touched[k];
    if (m.place[column] == -2 && column != end) {  // settled: both ends of its pair were passed
      const Cost gap = total - m.distance[column];
      m.column_price[column] = m.column_price[column] - gap;
      m.row_price[m.row_of[column]] = m.row_price[m.row_of[column]] + gap;
    }
    m.place[column] = -1;
  }
  // Along the path every row takes the column by which it was left.
  int64_t column = end >= 0 ? end : m.column_of[free_row];
  if (end < 0) m.column_of[free_row] = -1;
  if (end < 0 && free_row == start) return;
  for (;;) {
    const int64_t taker = m.from[column], given = m.column_of[taker];
    m.row_of[column] = taker;
    m.column_of[taker] = column;
    if (taker == start) return;
    column = given;
  }
}

inline void assign(const SparsePairs& pairs, const AssignMemory& m) {
  for (int64_t j = 0; j < pairs.n_columns; ++j) {
    m.column_price[j] = {0, 0};
    m.row_of[j] = m.place[j] = -1;
  }
  for (int64_t i = 0; i < pairs.n_rows; ++i) {
    m.column_of[i] = -1;
    m.row_price[i] = {0, 0};
  }
  for (int64_t i = 0; i < pairs.n_rows; ++i) assign_row(pairs, m, i);
}

}  // namespace
}  // namespace motes::MOTES_ISA
