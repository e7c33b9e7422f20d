#include "queue.hpp"

#include "cuda/map_suppression.hpp"
#include "cuda/suppression.hpp"

using namespace motes;

// `kept` has room for all; n_launches may be null.
extern "C" int suppress(const void* centres, const void* radii, const void* scores, int64_t n, int64_t real_bytes,
                        const int64_t* indptr, int64_t n_parts, int64_t measure, double threshold, int64_t* kept,
                        int64_t* kept_indptr, int64_t* suppressor, int64_t* n_launches, int order) {
  const int bytes = static_cast<int>(real_bytes);
  cuda::HostQueue queue(order);
  cuda::suppress(queue, motes_circles{n, centres, radii, bytes}, cuda::Scores{scores, bytes, n, n_parts, indptr},
                 MOTES_ISA::nearness_by(static_cast<motes_measure>(measure), threshold), [=](int64_t) { return kept; },
                 kept_indptr, suppressor);
  if (n_launches) *n_launches = queue.n_launches();
  return queue.verdict();
}

extern "C" int suppress_maps(const void* map, int64_t real_bytes, int64_t n_maps, int64_t height, int64_t width,
                             double radius, double threshold, int64_t* peak, int64_t* peak_indptr, int64_t* n_launches, int order) {
  cuda::HostQueue queue(order);
  cuda::suppress_maps(queue, map, static_cast<int>(real_bytes), n_maps, height, width, radius, threshold,
                      [=](int64_t) { return peak; }, peak_indptr);
  *n_launches = queue.n_launches();
  return queue.verdict();
}
