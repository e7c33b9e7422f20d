// Runs of patterns whose rows of numbers are in memory at once.
#pragma once
#include "cuda/patterns.hpp"
#include "cuda/queue.hpp"

namespace motes::cuda {

// As many rows as fit this, and half as many as long as the device has no room for them.
constexpr int64_t kRowBytes = int64_t{1} << 30;
constexpr int64_t kFewestRows = 1024;

template <class Number>
int64_t most_rows(int64_t n_patterns, int64_t stride) {
  const int64_t fit = kRowBytes / (stride * static_cast<int64_t>(sizeof(Number)));
  const int64_t most = fit < kFewestRows ? kFewestRows : fit;
  return most < n_patterns ? most : n_patterns;
}

// Memory for the rows of `n` patterns.
template <class Number>
struct RoomForRows {
  Number* rows;
  int64_t n;
};

template <class Number, class Queue>
RoomForRows<Number> room_for_rows(Queue& queue, int64_t n_patterns, int64_t stride) {
  int64_t n = most_rows<Number>(n_patterns, stride);
  Number* rows = queue.template array_if_fits<Number>(n * stride);
  while (!rows && queue.fine() && n > kFewestRows) {
    n /= 2;
    rows = queue.template array_if_fits<Number>(n * stride);
  }
  if (!rows) rows = queue.template array<Number>(n * stride);  // says how much was asked for
  return {rows, n};
}

// Calls call(some, begin) for run after run of `n_each` patterns, the first of which is `begin`.
template <class Pixel, class Call>
void in_runs_of(int64_t n_each, const PatternsOn<Pixel>& all, Call call) {
  for (int64_t begin = 0; begin < all.n_patterns; begin += n_each) {
    PatternsOn<Pixel> some = all;
    some.indptr += begin;
    some.n_patterns = n_each < all.n_patterns - begin ? n_each : all.n_patterns - begin;
    call(some, begin);
  }
}

// Calls call(some, begin, rows): rows of `stride` numbers.
template <class Number, class Queue, class Pixel, class Call>
void in_runs(Queue& queue, const PatternsOn<Pixel>& all, int64_t stride, Call call) {
  const auto room = room_for_rows<Number>(queue, all.n_patterns, stride);
  in_runs_of(room.n, all, [&](const PatternsOn<Pixel>& some, int64_t begin) {
    if (queue.fine()) call(some, begin, room.rows);
  });
}

}  // namespace motes::cuda
