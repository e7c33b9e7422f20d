// What the CPU refuses about numbers, found where they are: the first bad one of an array on a device.
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/queue.hpp"
#include "dispatch/validate.hpp"
#include "kernels/circles.h"
#include "kernels/ranges.h"

namespace motes::cuda {

struct NotANumber {
  const void* values;
  int real_bytes;
  MOTES_HD bool operator()(int64_t i) const {
    const double value = number_at(values, real_bytes, i);
    return value != value;
  }
};

struct OutOfRange {
  const void* values;
  int real_bytes;
  MOTES_HD bool operator()(int64_t i) const { return !MOTES_ISA::is_number(number_at(values, real_bytes, i)); }
};

struct NoSize {
  const void* values;
  int real_bytes;
  MOTES_HD bool operator()(int64_t i) const { return !MOTES_ISA::is_size(number_at(values, real_bytes, i)); }
};

// How many stand from the first bad one to the end: zero at first, and where none is bad.
template <class Bad>
struct FromFirstBad {
  Bad bad;
  int64_t n;
  uint64_t* rest;
  MOTES_HD void operator()(int64_t i) const {
    if (bad(i)) take_larger(rest, static_cast<uint64_t>(n - i));
  }
};

// What index_of reads once the launches are through.
struct FirstBad {
  uint64_t* rest;
  int64_t n;
};

template <class Queue, class Bad>
FirstBad look_for(Queue& queue, int64_t n, const Bad& bad) {
  auto* const rest = queue.template array<uint64_t>(1);
  queue.zero(rest, 1);
  for_each(queue, n, FromFirstBad<Bad>{bad, n, rest});
  return {rest, n};
}

// The index of the first bad one, or n.
template <class Queue>
int64_t index_of(Queue& queue, const FirstBad& found) {
  return found.n - static_cast<int64_t>(queue.read(found.rest));
}

template <class Queue>
double value_at(Queue& queue, const void* values, int real_bytes, int64_t i) {
  return real_bytes == 4 ? static_cast<double>(queue.read(static_cast<const float*>(values) + i))
                         : queue.read(static_cast<const double*>(values) + i);
}

// An array of numbers, looked through on the device while the host goes on.
struct Column {
  const char* name;
  const void* values;
  FirstBad found;
};

template <class Queue>
motes_status tell_number(Queue& queue, const Column& column, int real_bytes, motes_error* error) {
  const int64_t i = index_of(queue, column.found);
  if (i == column.found.n) return MOTES_OK;
  return refuse_number(column.name, value_at(queue, column.values, real_bytes, i), i, error);
}

// As validate_numbers.
template <class Queue>
motes_status check_numbers(Queue& queue, const char* name, const void* values, int real_bytes, int64_t n,
                           motes_error* error) {
  return tell_number(queue, {name, values, look_for(queue, n, OutOfRange{values, real_bytes})}, real_bytes, error);
}

}  // namespace motes::cuda
