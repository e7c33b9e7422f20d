// Intersection over union of circles and of boxes, paired and all pairs: see motes/circles.hpp.
#include "kernels/circles.h"

#include <string.h>

#include "kernels/lens.h"
#include "kernels/reals.h"

namespace motes::MOTES_ISA {
namespace {

constexpr int kChunk = 512;

template <class Real>
struct CircleShape {
  const Real *place, *size;
  explicit CircleShape(const motes_circles& c)
      : place(static_cast<const Real*>(c.centre)), size(static_cast<const Real*>(c.radius)) {}
  static constexpr int kExtents = 1;
  static double iou(const double* a, double x, double y, double r, double) {
    return circle_iou(a[0], a[1], a[2], x, y, r);
  }
  // Far enough apart to be sure, whatever was rounded.
  static Longs apart(const double* a, Reals x, Reals y, Reals r, Reals) {
    const Reals dx = a[0] - x, dy = a[1] - y, sum = a[2] + r;
    return dx * dx + dy * dy > sum * sum * (1 + 1e-12);
  }
};

template <class Real>
struct BoxShape {
  const Real *place, *size;
  explicit BoxShape(const motes_boxes& b)
      : place(static_cast<const Real*>(b.corner)), size(static_cast<const Real*>(b.size)) {}
  static constexpr int kExtents = 2;
  static double iou(const double* a, double x, double y, double w, double h) {
    return box_iou(a[0], a[1], a[2], a[3], x, y, w, h);
  }
  static Longs apart(const double* a, Reals x, Reals y, Reals w, Reals h) {
    const Reals dx = x - a[0], dy = y - a[1];
    return (dx > a[2]) | (-dx > w) | (dy > a[3]) | (-dy > h);
  }
};

template <class Shape>
inline void read(const Shape& from, int64_t i, double* to) {
  to[0] = static_cast<double>(from.place[2 * i]);
  to[1] = static_cast<double>(from.place[2 * i + 1]);
  to[2] = static_cast<double>(from.size[Shape::kExtents * i]);
  to[3] = Shape::kExtents == 2 ? static_cast<double>(from.size[Shape::kExtents * i + Shape::kExtents - 1]) : 0.0;
}

struct Columns {
  double x[kChunk], y[kChunk], w[kChunk], h[kChunk];
  void put(int k, const double* values) { x[k] = values[0], y[k] = values[1], w[k] = values[2], h[k] = values[3]; }
};

template <class Shape, class Real>
void paired(const Shape& a, const Shape& b, Real* out, Lane lane) {
  Columns left, right;
  double values[4];
  for (int64_t from = lane.begin; from < lane.end; from += kChunk) {
    const int n = static_cast<int>(lane.end - from < kChunk ? lane.end - from : kChunk);
    for (int k = 0; k < n; ++k) {
      read(a, from + k, values);
      left.put(k, values);
      read(b, from + k, values);
      right.put(k, values);
    }
    for (int k = 0; k < n; ++k) {
      const double one[4] = {left.x[k], left.y[k], left.w[k], left.h[k]};
      out[from + k] = static_cast<Real>(Shape::iou(one, right.x[k], right.y[k], right.w[k], right.h[k]));
    }
  }
}

// The first n, in whole vectors: what lies beyond them is computed and not read.
template <class Shape>
inline void all_of(const double* one, const Columns& columns, int n, double* iou) {
  const int whole = (n + kReals - 1) / kReals * kReals;
  for (int k = 0; k < whole; ++k) iou[k] = Shape::iou(one, columns.x[k], columns.y[k], columns.w[k], columns.h[k]);
}

// One row of a block: where most pairs are apart, those that are not are gathered first. Columns are padded to whole vectors
// with what is apart from everything.
template <class Shape, class Real>
void row_of_pairs(const double* one, const Columns& columns, int n, Real* out) {
  int which[kChunk], n_near = 0;
  for (int from = 0; from < n; from += kReals) {
    const Longs apart = Shape::apart(one, reals_at(columns.x + from), reals_at(columns.y + from),
                                     reals_at(columns.w + from), reals_at(columns.h + from));
    for (uint32_t bits = lane_bits(~apart); bits; bits &= bits - 1) which[n_near++] = from + __builtin_ctz(bits);
  }
  double iou[kChunk];
  if (2 * n_near > n) {
    all_of<Shape>(one, columns, n, iou);
    // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): all_of wrote n of them, and more
    for (int k = 0; k < n; ++k) out[k] = static_cast<Real>(iou[k]);
    return;
  }
  memset(out, 0, static_cast<size_t>(n) * sizeof *out);
  Columns found;
  const int whole = (n_near + kReals - 1) / kReals * kReals;
  for (int k = 0; k < whole; ++k) {
    const int at = which[k < n_near ? k : 0];
    found.x[k] = columns.x[at], found.y[k] = columns.y[at], found.w[k] = columns.w[at], found.h[k] = columns.h[at];
  }
  all_of<Shape>(one, found, n_near, iou);
  for (int k = 0; k < n_near; ++k) out[which[k]] = static_cast<Real>(iou[k]);
}

template <class Shape, class Real>
void all_pairs(const Shape& a, const Shape& b, const AllPairs& pairs, Real* out, Lane lane) {
  int64_t m = 0;
  for (int64_t low = 0, high = pairs.n_micrographs; low < high;) {  // the micrograph of the lane's first row
    const int64_t middle = (low + high) / 2;
    if (pairs.a_indptr[middle + 1] <= lane.begin)
      m = low = middle + 1;
    else
      high = middle;
  }
  Columns columns;
  double values[4];
  for (int64_t row = lane.begin; row < lane.end; ++m) {
    const int64_t end = pairs.a_indptr[m + 1] < lane.end ? pairs.a_indptr[m + 1] : lane.end;
    const int64_t first = pairs.b_indptr[m], width = pairs.b_indptr[m + 1] - first;
    Real* block = out + pairs.block[m];
    for (int64_t from = 0; from < width; from += kChunk) {
      const int n = static_cast<int>(width - from < kChunk ? width - from : kChunk);
      for (int k = 0; k < n; ++k) {
        read(b, first + from + k, values);
        columns.put(k, values);
      }
      constexpr double kNowhere[4] = {static_cast<double>(INFINITY), 0, 1, 1};
      for (int k = n; k % kReals; ++k) columns.put(k, kNowhere);
      for (int64_t i = row; i < end; ++i) {
        read(a, i, values);
        row_of_pairs<Shape, Real>(values, columns, n, block + (i - pairs.a_indptr[m]) * width + from);
      }
    }
    row = end > row ? end : row;
  }
}

}  // namespace

void circle_iou_lane(const motes_circles& a, const motes_circles& b, void* out, Lane lane) {
  if (a.real_bytes == 4)
    paired(CircleShape<float>(a), CircleShape<float>(b), static_cast<float*>(out), lane);
  else
    paired(CircleShape<double>(a), CircleShape<double>(b), static_cast<double*>(out), lane);
}

void circle_iou_rows(const motes_circles& a, const motes_circles& b, const AllPairs& pairs, void* out, Lane lane) {
  if (a.real_bytes == 4)
    all_pairs(CircleShape<float>(a), CircleShape<float>(b), pairs, static_cast<float*>(out), lane);
  else
    all_pairs(CircleShape<double>(a), CircleShape<double>(b), pairs, static_cast<double*>(out), lane);
}

void box_iou_lane(const motes_boxes& a, const motes_boxes& b, void* out, Lane lane) {
  if (a.real_bytes == 4)
    paired(BoxShape<float>(a), BoxShape<float>(b), static_cast<float*>(out), lane);
  else
    paired(BoxShape<double>(a), BoxShape<double>(b), static_cast<double*>(out), lane);
}

void box_iou_rows(const motes_boxes& a, const motes_boxes& b, const AllPairs& pairs, void* out, Lane lane) {
  if (a.real_bytes == 4)
    all_pairs(BoxShape<float>(a), BoxShape<float>(b), pairs, static_cast<float*>(out), lane);
  else
    all_pairs(BoxShape<double>(a), BoxShape<double>(b), pairs, static_cast<double*>(out), lane);
}

}  // namespace motes::MOTES_ISA
