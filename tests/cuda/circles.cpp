#include "queue.hpp"

#include "cuda/circles.hpp"

using namespace motes;

namespace {

// Circles as circles, boxes as boxes, float32 or float64: call(a, b, out).
template <template <class> class Shapes, class Plain, class Call>
int with_reals(int64_t bytes, const Plain& a, const Plain& b, void* out, int order, Call&& call) {
  cuda::HostQueue queue(order);
  if (bytes == 4) call(queue, Shapes<float>(a), Shapes<float>(b), static_cast<float*>(out));
  else call(queue, Shapes<double>(a), Shapes<double>(b), static_cast<double*>(out));
  return queue.verdict();
}

template <class Call>
int with_shapes(bool boxes, int64_t bytes, const void* a_place, const void* a_size, int64_t n_a, const void* b_place,
                const void* b_size, int64_t n_b, void* out, int order, Call&& call) {
  const int real_bytes = static_cast<int>(bytes);
  if (boxes)
    return with_reals<cuda::BoxShapes>(bytes, motes_boxes{n_a, a_place, a_size, real_bytes},
                                       motes_boxes{n_b, b_place, b_size, real_bytes}, out, order, call);
  return with_reals<cuda::CircleShapes>(bytes, motes_circles{n_a, a_place, a_size, real_bytes},
                                        motes_circles{n_b, b_place, b_size, real_bytes}, out, order, call);
}

}  // namespace

extern "C" int paired(int boxes, int64_t bytes, const void* a_place, const void* a_size, const void* b_place,
                      const void* b_size, int64_t n, void* out, int order) {
  return with_shapes(boxes, bytes, a_place, a_size, n, b_place, b_size, n, out, order,
                     [=](auto& queue, const auto& a, const auto& b, auto* to) { cuda::paired(queue, a, b, n, to); });
}

extern "C" int all_pairs(int boxes, int64_t bytes, const void* a_place, const void* a_size, const void* b_place,
                         const void* b_size, int64_t n_micrographs, const int64_t* a_indptr, const int64_t* b_indptr,
                         void* out, int order) {
  return with_shapes(boxes, bytes, a_place, a_size, a_indptr[n_micrographs], b_place, b_size, b_indptr[n_micrographs],
                     out, order, [=](auto& queue, const auto& a, const auto& b, auto* to) {
                       cuda::all_pairs(queue, a, b, n_micrographs, a_indptr, b_indptr, to);
                     });
}
