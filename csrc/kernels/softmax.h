// Softmax over the templates of each pattern of a block, in place, and its logarithmic normaliser:
//
//     gamma[p, r] = exp(L[p, r] - m) / s,   m = max_r L[p, r],   s = sum_r exp(L[p, r] - m)
//     log_evidence[p] = m + ln s            -inf, and gamma = 0, where every L[p, r] is -inf
//
// float32: vectors of this instruction set, exp and ln of elementary.h; float64: the C library's.
// Rows are padded to a multiple of the width; blocks to 16 rows (the padding is computed and never read).
#pragma once
#include <math.h>
#include <string.h>

#include "kernels/elementary.h"

namespace motes::MOTES_ISA {
namespace {

constexpr int kFloats = kRegisterBytes / 4;
typedef float Floats __attribute__((vector_size(kRegisterBytes)));
typedef int32_t Ints __attribute__((vector_size(kRegisterBytes)));

inline Floats splat(float value) { return Floats{} + value; }
inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }

// How elementary.h reads the bits of a vector.
struct ManyFloats {
  static Ints bits_of(Floats value) {
    Ints bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  static Floats value_of(Ints bits) {
    Floats value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  static Floats whole_of(Ints numbers) { return __builtin_convertvector(numbers, Floats); }
  static Ints minus_one_where(Ints condition) { return condition; }  // as comparisons of vectors are
};

// v with lane i taken from lane i ^ Step: log2(width) of these make every lane hold its group's reduction.
template <int Step>
inline Floats exchange(Floats v) {
  Ints from;
  for (int i = 0; i < kFloats; ++i) from[i] = i ^ Step;
#if defined(__clang__)
  Floats out;
  for (int i = 0; i < kFloats; ++i) out[i] = v[i ^ Step];
  return out;
#else
  return __builtin_shuffle(v, from);
#endif
}

template <int Width>
inline Floats group_max(Floats v) {
  if constexpr (Width > 1) v = larger(v, exchange<1>(v));
  if constexpr (Width > 2) v = larger(v, exchange<2>(v));
  if constexpr (Width > 4) v = larger(v, exchange<4>(v));
  if constexpr (Width > 8) v = larger(v, exchange<8>(v));
  return v;
}

template <int Width>
inline Floats group_sum(Floats v) {
  if constexpr (Width > 1) v += exchange<1>(v);
  if constexpr (Width > 2) v += exchange<2>(v);
  if constexpr (Width > 4) v += exchange<4>(v);
  if constexpr (Width > 8) v += exchange<8>(v);
  return v;
}

inline Floats load_floats(const float* from) {
  Floats v;
  memcpy(&v, from, sizeof v);
  return v;
}

inline double evidence_of(float largest, float log_sum) {
  return largest == -HUGE_VALF ? -HUGE_VAL : static_cast<double>(largest) + static_cast<double>(log_sum);
}

// Width lanes a pattern, several patterns to a register; their logarithms are taken afterwards, a register of them at once.
template <int Width>
inline void softmax_narrow(float* scores, int n, double* log_evidence) {
  constexpr int kRows = kFloats / Width;
  float peaks[(kMaxBlock + kFloats) * Width], sums[(kMaxBlock + kFloats) * Width];  // each value in Width copies
  for (int k = 0; k < n; k += kRows) {
    float* at = scores + k * Width;
    const Floats score = load_floats(at);
    const Floats largest = group_max<Width>(score);
    const Ints impossible = largest == -HUGE_VALF;
    const Floats e = exp_nonpositive<ManyFloats>(score - (impossible ? Floats{} : largest));
    const Floats sum = impossible ? splat(1.0f) : group_sum<Width>(e);
    const Floats gamma = e / sum;
    memcpy(at, &gamma, sizeof gamma);
    memcpy(peaks + k * Width, &largest, sizeof largest);
    memcpy(sums + k * Width, &sum, sizeof sum);
  }
  for (int i = n * Width; i < (n + kFloats) * Width; ++i) sums[i] = 1.0f;  // computed below, and never read
  float logarithms[kMaxBlock + kFloats];
  for (int k = 0; k < n; k += kFloats) {
    float sum[kFloats];
    for (int row = 0; row < kFloats; ++row) sum[row] = sums[(k + row) * Width];
    const Floats logarithm = log_from_one<ManyFloats>(load_floats(sum));
    memcpy(logarithms + k, &logarithm, sizeof logarithm);
  }
  for (int k = 0; k < n; ++k) log_evidence[k] = evidence_of(peaks[k * Width], logarithms[k]);
}

// Several registers a pattern.
inline void softmax_wide(float* scores, int n, int64_t stride, double* log_evidence) {
  for (int k = 0; k < n; ++k) {
    float* row = scores + k * stride;
    Floats largest = load_floats(row);
    for (int64_t r = kFloats; r < stride; r += kFloats) largest = larger(largest, load_floats(row + r));
    largest = group_max<kFloats>(largest);
    const bool impossible = largest[0] == -HUGE_VALF;
    const Floats shift = impossible ? Floats{} : largest;
    Floats sum = Floats{};
    for (int64_t r = 0; r < stride; r += kFloats) {
      const Floats e = exp_nonpositive<ManyFloats>(load_floats(row + r) - shift);
      sum += e;
      memcpy(row + r, &e, sizeof e);
    }
    sum = impossible ? splat(1.0f) : group_sum<kFloats>(sum);
    for (int64_t r = 0; r < stride; r += kFloats) {
      const Floats gamma = load_floats(row + r) / sum;
      memcpy(row + r, &gamma, sizeof gamma);
    }
    log_evidence[k] = evidence_of(largest[0], log_from_one<ManyFloats>(sum)[0]);
  }
}

inline void softmax(float* scores, int n, int64_t stride, double* log_evidence) {
  if (stride >= kFloats) return softmax_wide(scores, n, stride, log_evidence);
  switch (stride) {
    case 4: return softmax_narrow<4>(scores, n, log_evidence);
    default: return softmax_narrow<8>(scores, n, log_evidence);
  }
}

inline void softmax(double* scores, int n, int64_t stride, double* log_evidence) {
  for (int k = 0; k < n; ++k) {
    double* row = scores + k * stride;
    double largest = row[0], sum = 0;
    for (int64_t r = 1; r < stride; ++r) largest = row[r] > largest ? row[r] : largest;
    const bool impossible = largest == -HUGE_VAL;
    for (int64_t r = 0; r < stride; ++r) sum += row[r] = impossible ? 0.0 : exp(row[r] - largest);
    if (!impossible)
      for (int64_t r = 0; r < stride; ++r) row[r] /= sum;
    log_evidence[k] = impossible ? -HUGE_VAL : largest + log(sum);
  }
}

// The first of equals, so that a tie is no matter of chance.
template <class Real>
inline int64_t first_largest(const Real* row, int64_t n) {
  int64_t best = 0;
  Real largest = row[0];
  for (int64_t r = 1; r < n; ++r) {  // selections, not branches: which is larger is not to be predicted
    const bool larger = row[r] > largest;
    best = larger ? r : best;
    largest = larger ? row[r] : largest;
  }
  return best;
}

}  // namespace
}  // namespace motes::MOTES_ISA
