#include "containers.hpp"
#include "queue.hpp"

#include "cuda/check_circles.hpp"
#include "cuda/check_patterns.hpp"

#include "dispatch/validate.cpp"
#include "dispatch/validate_circles.cpp"

using namespace motes;

// What is refused of circles (or boxes) and their scores on a device: the status, and the sentence.
extern "C" int wall_of_circles(int boxes, const void* place, const void* size, const void* score, int64_t n,
                               int64_t real_bytes, motes_error* error, int64_t* status, int order) {
  const int bytes = static_cast<int>(real_bytes);
  cuda::HostQueue queue(order);
  *status = boxes ? cuda::check(queue, "a", motes_boxes{n, place, size, bytes}, error)
                  : cuda::check(queue, "circles", motes_circles{n, place, size, bytes}, error);
  if (*status == MOTES_OK && !boxes) *status = cuda::check_scores(queue, score, bytes, n, error);
  return queue.verdict();
}

extern "C" int wall_of_maps(const void* map, int64_t real_bytes, int64_t n_maps, int64_t height, int64_t width,
                            motes_error* error, int64_t* status, int order) {
  cuda::HostQueue queue(order);
  *status = cuda::check_pixels(queue, map, static_cast<int>(real_bytes), n_maps, height, width, error);
  return queue.verdict();
}

// What is refused of patterns on a device; `found`: where their photons begin and end, and how many are beyond the first
// of a pixel.
extern "C" int wall_of_patterns(const cuda::PatternsGiven* given, int64_t* found, motes_error* error, int64_t* status,
                                int order) {
  const auto& x = *given;
  const motes_patterns patterns{sizeof(motes_patterns), x.n_patterns, x.n_pixels, x.indptr, x.pixels,
                                static_cast<int>(x.pixel_bytes), x.n_multi, x.multi_position, x.multi_extra};
  cuda::HostQueue queue(order);
  cuda::Checked checked{};
  *status = cuda::check(queue, &patterns, &checked, error);
  found[0] = checked.first, found[1] = checked.last, found[2] = checked.n_extra;
  return queue.verdict();
}
