// Intersection over union of two circles, to the last digits also where they barely touch, or barely hold each other.
//
// With d the distance of the centres and the angles a1, a2 that half of the common chord subtends at each centre,
//
//     lens = r1^2 g(a1) + r2^2 g(a2),    g(a) = a - sin a cos a,    IoU = lens / (pi r1^2 + pi r2^2 - lens).
//
// Two cancellations would cost digits. (r1 + r2)^2 - d^2 (outer) and d^2 - (r1 - r2)^2 (inner) are therefore formed in twice
// the precision, and half angles are had from them by multiplication alone: tan(a/2) of the larger circle is
// sqrt(outer inner) / (v w), of the smaller one sqrt(outer inner) v / (inner w), v = d + |r1 - r2|, w = d + r1 + r2. And g, a
// difference that vanishes with the cube of a, is a polynomial in tan^2(a/2). No arc cosine, nothing but + - * / and
// square roots, two of them and two divisions a pair: every instruction set gives the same bits.
#pragma once
#include <math.h>

#include "kernels/host_device.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

constexpr double kPi = 3.141592653589793;

struct Twice {
  double high, low;  // their sum, unrounded
};

MOTES_HD inline Twice sum_of(double a, double b) {
  const double s = a + b, part = s - a;
  return {s, (a - (s - part)) + (b - part)};
}

// a * a - fl(a * a), exactly.
MOTES_HD inline double square_error(double a, double square) {
#if defined(__FMA__) || defined(__CUDA_ARCH__)
  return fma(a, a, -square);
#else
  const double scaled = 134217729.0 * a, high = scaled - (scaled - a), low = a - high;
  return low * low - ((square - high * high) - 2.0 * (high * low));
#endif
}

MOTES_HD inline Twice square_of(Twice a) {
  const double square = a.high * a.high;
  return {square, square_error(a.high, square) + 2.0 * (a.high * a.low)};
}

MOTES_HD inline Twice plus(Twice a, Twice b) {
  const Twice s = sum_of(a.high, b.high);
  const double low = s.low + (a.low + b.low), high = s.high + low;
  return {high, low - (high - s.high)};
}

MOTES_HD inline double minus(Twice a, Twice b) {
  const Twice s = sum_of(a.high, -b.high);
  return s.high + (s.low + (a.low - b.low));
}

// g(a) = above / below for t = tan(a/2) in 0..1: t^3 P(t^2) / (1 + t^2)^2, P fitted by Chebyshev's nodes. Its even and odd
// powers are summed apart, which halves the chain of operations that wait for each other.
struct Segment {
  double above, below;
};

MOTES_HD inline Segment segment(double t) {
  const double x = t * t, y = 1.0 + x, z = x * x;
  double even = -1.1504162274495731e-05;
  even = even * z + -0.0001759242773385651;
  even = even * z + -0.0007358799944312869;
  even = even * z + -0.0016662413470054482;
  even = even * z + -0.0032947991665924943;
  even = even * z + -0.007458969686592815;
  even = even * z + -0.023088021273354842;
  even = even * z + -0.15238095237911548;
  even = even * z + 5.333333333333333;
  double odd = 1.1203218395710485e-06;
  odd = odd * z + 5.622113478735487e-05;
  odd = odd * z + 0.0004026116352426918;
  odd = odd * z + 0.001155769462426191;
  odd = odd * z + 0.00233126078030767;
  odd = odd * z + 0.004824978419697575;
  odd = odd * z + 0.012431986997636894;
  odd = odd * z + 0.050793650714370905;
  odd = odd * z + 1.0666666666666498;
  return {(even + x * odd) * (t * x), y * y};
}

MOTES_HD inline double circle_iou(double x1, double y1, double r1, double x2, double y2, double r2) {
  const Twice d2 = plus(square_of(sum_of(x1, -x2)), square_of(sum_of(y1, -y2)));
  const double outer = minus(square_of(sum_of(r1, r2)), d2);   // above 0 where they overlap
  const double inner = minus(d2, square_of(sum_of(r1, -r2)));  // above 0 where neither holds the other
  const double large = r1 > r2 ? r1 : r2, small = r1 > r2 ? r2 : r1;
  const double product = outer * inner, root = sqrt(product > 0 ? product : 0.0);
  const double d = sqrt(d2.high), v = d + (large - small), w = d + (large + small), vw = v * w;
  const bool obtuse = outer * (v * v) > inner * (w * w);  // at the smaller circle: tan(a/2) above 1, and then inverted
  const double above = root * (obtuse ? w : v), below = obtuse ? outer * v : inner * w;
  const double inverse = 1.0 / (vw * below);  // one division for two
  const Segment at_large = segment(root * below * inverse), acute = segment(above * vw * inverse);
  const double large2 = large * large, small2 = small * small;
  const double at_small = obtuse ? kPi * acute.below - acute.above : acute.above;
  const double common = acute.below * at_large.below;
  const double lens = large2 * (at_large.above * acute.below) + small2 * (at_small * at_large.below);  // times `common`
  const bool held = !(inner > 1e-40 * small2);  // also where next to nothing looks out: below, powers of it would underflow
  const double iou = (held ? small2 : lens) / (held ? large2 : kPi * (large2 + small2) * common - lens);
  return outer > 0 ? iou : 0.0;
}

// The distance, in radii, at which two equal circles overlap by `iou`: bisected to the last digit.
inline double equal_radii_distance(double iou) {
  double low = 0, high = 2;
  for (;;) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) return high;
    (circle_iou(0, 0, 1, middle, 0, 1) > iou ? low : high) = middle;
  }
}

// How much of [0, w1] + from and [0, w2] + from + shift is common; `shift` unrounded.
MOTES_HD inline double common_length(Twice shift, double w1, double w2) {
  const bool right = shift.high >= 0;
  const double first = right ? w1 : w2, second = right ? w2 : w1;
  const Twice left = sum_of(first, right ? -shift.high : shift.high);
  const double rest = left.high + (left.low + (right ? -shift.low : shift.low));
  return rest < second ? rest : second;
}

// Boxes by the corner nearest the origin.
MOTES_HD inline double box_iou(double x1, double y1, double w1, double h1, double x2, double y2, double w2, double h2) {
  const double w = common_length(sum_of(x2, -x1), w1, w2), h = common_length(sum_of(y2, -y1), h1, h2);
  const double common = w * h;
  return w > 0 && h > 0 ? common / (w1 * h1 + w2 * h2 - common) : 0.0;
}

// Squares of side 2 r about the centres.
MOTES_HD inline double square_iou(double x1, double y1, double r1, double x2, double y2, double r2) {
  // From the centres: a corner, x - r, would be rounded.
  const Twice dx = sum_of(x2, -x1), dy = sum_of(y2, -y1);
  const Twice sx = plus(dx, sum_of(r1, -r2)), sy = plus(dy, sum_of(r1, -r2));
  const double w = common_length(sx, 2 * r1, 2 * r2), h = common_length(sy, 2 * r1, 2 * r2), common = w * h;
  return w > 0 && h > 0 ? common / (4 * r1 * r1 + 4 * r2 * r2 - common) : 0.0;
}

}  // namespace
}  // namespace motes::MOTES_ISA
