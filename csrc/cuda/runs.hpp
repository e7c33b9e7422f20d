// Runs of patterns whose rows of numbers are in memory at once.
#pragma once
#include "cuda/patterns.hpp"
#include "cuda/queue.hpp"

namespace motes::cuda {

// As many rows as fit this, and half as many as long as the device has no room for them.
constexpr int64_t kRowBytes = int64_t{1} << 30;
constexpr int64_t kFewestRows = 1024;

// Calls call(some, begin, rows) for run after run of patterns, the first of which is `begin`: rows of `stride` numbers.
template <class Number, class Queue, class Pixel, class Call>
void in_runs(Queue& queue, const PatternsOn<Pixel>& all, int64_t stride, Call call) {
  const int64_t fit = kRowBytes / (stride * static_cast<int64_t>(sizeof(Number)));
  int64_t n_each = fit < kFewestRows ? kFewestRows : fit;
  n_each = n_each < all.n_patterns ? n_each : all.n_patterns;
  Number* rows = queue.template array_if_fits<Number>(n_each * stride);
  while (!rows && queue.fine() && n_each > kFewestRows) {
    n_each /= 2;
    rows = queue.template array_if_fits<Number>(n_each * stride);
  }
  if (!rows) rows = queue.template array<Number>(n_each * stride);  // says how much was asked for
  for (int64_t begin = 0; begin < all.n_patterns && queue.fine(); begin += n_each) {
    PatternsOn<Pixel> some = all;
    some.indptr += begin;
    some.n_patterns = n_each < all.n_patterns - begin ? n_each : all.n_patterns - begin;
    call(some, begin, rows);
  }
}

}  // namespace motes::cuda
