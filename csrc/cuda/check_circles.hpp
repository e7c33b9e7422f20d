// The wall for circles and boxes on a device: the sentences of the CPU's.
#pragma once
#include "cuda/checks.hpp"
#include "dispatch/circles.hpp"

namespace motes::cuda {

template <class Queue>
motes_status tell_size(Queue& queue, const Column& column, int real_bytes, motes_error* error) {
  const int64_t i = index_of(queue, column.found);
  return i == column.found.n ? MOTES_OK : refuse_size(column.name, value_at(queue, column.values, real_bytes, i), i, error);
}

template <class Queue>
motes_status check_shapes(Queue& queue, const char* name, int64_t n, const char* place_name, const void* place,
                          const char* size_name, const void* size, int64_t n_sizes, int real_bytes, motes_error* error) {
  if (const auto bad = validate_count(name, n, error)) return bad;
  if (const auto bad = validate_real_bytes(place_name, real_bytes, error)) return bad;
  if (const auto bad = validate_pointer(place_name, place, 2 * n, error)) return bad;
  if (const auto bad = validate_pointer(size_name, size, n_sizes, error)) return bad;
  const Column places{place_name, place, look_for(queue, 2 * n, OutOfRange{place, real_bytes})};
  const Column sizes{size_name, size, look_for(queue, n_sizes, NoSize{size, real_bytes})};
  if (const auto bad = tell_number(queue, places, real_bytes, error)) return bad;
  return tell_size(queue, sizes, real_bytes, error);
}

template <class Queue>
motes_status check(Queue& queue, const char* name, const motes_circles& c, motes_error* error) {
  return check_shapes(queue, name, c.n, "centres", c.centre, "radii", c.radius, c.n, c.real_bytes, error);
}

template <class Queue>
motes_status check(Queue& queue, const char* name, const motes_boxes& b, motes_error* error) {
  return check_shapes(queue, name, b.n, "corners", b.corner, "sizes", b.size, 2 * b.n, b.real_bytes, error);
}

template <class Queue>
motes_status check_scores(Queue& queue, const void* score, int real_bytes, int64_t n, motes_error* error) {
  if (const auto bad = validate_pointer("scores", score, n, error)) return bad;
  return check_numbers(queue, "scores", score, real_bytes, n, error);
}

template <class Queue>
motes_status check_pixels(Queue& queue, const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width,
                          motes_error* error) {
  const int64_t n = n_maps * height * width;
  if (const auto bad = validate_pointer("map", map, n, error)) return bad;
  const int64_t i = index_of(queue, look_for(queue, n, NotANumber{map, real_bytes}));
  return i == n ? MOTES_OK : refuse_pixel(i, height, width, error);
}

}  // namespace motes::cuda
