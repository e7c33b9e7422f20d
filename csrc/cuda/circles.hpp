// Intersection over union of circles and of boxes, paired and all pairs: see motes/circles.hpp. The CPU's digits.
#pragma once
#include <vector>

#include "cuda/queue.hpp"
#include "kernels/circles.h"
#include "kernels/lens.h"

namespace motes::cuda {

struct Extent {
  double x, y, w, h;
};

template <class Real_>
struct CircleShapes {
  using Real = Real_;
  const Real *place, *size;
  explicit CircleShapes(const motes_circles& c)
      : place(static_cast<const Real*>(c.centre)), size(static_cast<const Real*>(c.radius)) {}
  MOTES_HD Extent at(int64_t i) const {
    return {static_cast<double>(place[2 * i]), static_cast<double>(place[2 * i + 1]), static_cast<double>(size[i]), 0};
  }
  // Far enough apart to be sure, whatever was rounded.
  MOTES_HD static double iou(const Extent& a, const Extent& b) {
    const double dx = a.x - b.x, dy = a.y - b.y, sum = a.w + b.w;
    if (dx * dx + dy * dy > sum * sum * (1 + 1e-12)) return 0;
    return MOTES_ISA::circle_iou(a.x, a.y, a.w, b.x, b.y, b.w);
  }
};

template <class Real_>
struct BoxShapes {
  using Real = Real_;
  const Real *place, *size;
  explicit BoxShapes(const motes_boxes& b)
      : place(static_cast<const Real*>(b.corner)), size(static_cast<const Real*>(b.size)) {}
  MOTES_HD Extent at(int64_t i) const {
    return {static_cast<double>(place[2 * i]), static_cast<double>(place[2 * i + 1]), static_cast<double>(size[2 * i]),
            static_cast<double>(size[2 * i + 1])};
  }
  MOTES_HD static double iou(const Extent& a, const Extent& b) {
    return MOTES_ISA::box_iou(a.x, a.y, a.w, a.h, b.x, b.y, b.w, b.h);
  }
};

template <class Shapes>
struct Paired {
  Shapes a, b;
  typename Shapes::Real* out;
  MOTES_HD void operator()(int64_t i) const { out[i] = static_cast<typename Shapes::Real>(Shapes::iou(a.at(i), b.at(i))); }
};

// A block does a tile of one micrograph's pairs: a thread has a column, so that rows are written side by side.
template <class Shapes>
struct Matrix {
  static constexpr int kThreads = 128, kRows = 32;
  using Real = typename Shapes::Real;
  struct Thread {
    Extent own;
  };
  struct Tile {
    Extent row[kRows];
    int64_t n_rows, column, width;  // column: the first one
    int64_t b, out;                 // where the first column's shape and the first pair stand
  };
  Shapes a, b;
  AllPairs pairs;
  const int64_t* tiles;  // n_micrographs + 1: of all before each
  int64_t n_tiles;
  Real* to;

  static int64_t rows_of_tiles(int64_t n_rows) { return (n_rows + kRows - 1) / kRows; }
  MOTES_HD static int64_t columns_of_tiles(int64_t width) { return (width + kThreads - 1) / kThreads; }

  int64_t blocks() const { return n_tiles; }
  int64_t shared_bytes() const { return sizeof(Tile); }
  MOTES_HD Tile* shared(unsigned char* memory) const { return reinterpret_cast<Tile*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Tile* const& tile, Thread& thread) const {
    if (k == 0) return find(at, *tile);
    const int64_t column = tile->column + at.thread;
    if (k == 1) {
      if (column < tile->width) thread.own = b.at(tile->b + at.thread);
      return;
    }
    if (column >= tile->width) return;
    for (int64_t row = 0; row < tile->n_rows; ++row)
      to[tile->out + row * tile->width + at.thread] = static_cast<Real>(Shapes::iou(tile->row[row], thread.own));
  }

 private:
  MOTES_HD void find(const Spot& at, Tile& tile) const {
    if (at.thread >= kRows) return;
    int64_t m = 0;  // the micrograph: its tiles end after this one, and none before it do
    for (int64_t low = 0, high = pairs.n_micrographs; low < high;) {
      const int64_t middle = (low + high) / 2;
      if (tiles[middle + 1] <= at.block) m = low = middle + 1;
      else high = middle;
    }
    const int64_t width = pairs.b_indptr[m + 1] - pairs.b_indptr[m], in_row = columns_of_tiles(width);
    const int64_t row = (at.block - tiles[m]) / in_row * kRows, column = (at.block - tiles[m]) % in_row * kThreads;
    const int64_t first = pairs.a_indptr[m] + row, left = pairs.a_indptr[m + 1] - first;
    if (at.thread < left) tile.row[at.thread] = a.at(first + at.thread);
    if (at.thread > 0) return;
    tile.n_rows = left < kRows ? left : kRows;
    tile.column = column;
    tile.width = width;
    tile.b = pairs.b_indptr[m] + column;
    tile.out = pairs.block[m] + row * width + column;
  }
};

template <class Real>
struct SplitBoxes {
  const Real* boxes;
  Real *corner, *size;
  MOTES_HD void operator()(int64_t i) const {
    for (int k = 0; k < 2; ++k) {
      corner[2 * i + k] = boxes[4 * i + k];
      size[2 * i + k] = boxes[4 * i + 2 + k];
    }
  }
};

template <class Queue, class Shapes>
void paired(Queue& queue, const Shapes& a, const Shapes& b, int64_t n, typename Shapes::Real* out) {
  for_each(queue, n, Paired<Shapes>{a, b, out});
}

// The pointers to where micrographs begin are the host's; all else is on the device.
template <class Queue, class Shapes>
void all_pairs(Queue& queue, const Shapes& a, const Shapes& b, int64_t n_micrographs, const int64_t* a_indptr,
               const int64_t* b_indptr, typename Shapes::Real* out) {
  using Tiled = Matrix<Shapes>;
  const auto size = static_cast<size_t>(n_micrographs) + 1;
  std::vector<int64_t> block(size, 0), tiles(size, 0);
  for (size_t m = 0; m + 1 < size; ++m) {
    const int64_t height = a_indptr[m + 1] - a_indptr[m], width = b_indptr[m + 1] - b_indptr[m];
    block[m + 1] = block[m] + height * width;
    tiles[m + 1] = tiles[m] + Tiled::rows_of_tiles(height) * Tiled::columns_of_tiles(width);
  }
  if (tiles.back() == 0) return;
  const auto on_device = [&](const int64_t* from) { return queue.upload(from, n_micrographs + 1); };
  const AllPairs pairs{n_micrographs, on_device(a_indptr), on_device(b_indptr), on_device(block.data())};
  queue.launch(Tiled{a, b, pairs, on_device(tiles.data()), tiles.back(), out});
}

}  // namespace motes::cuda
