#include "cuda/circles.hpp"

#include "cuda/check_circles.hpp"
#include "cuda/detections.hpp"
#include "cuda/queue.cuh"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

constexpr const char* kDoing = "CUDA: intersection over union";

template <class Given>
motes_status check_two(StreamQueue& queue, const Given& a, const Given& b, motes_error* error) {
  if (const auto bad = check(queue, "a", a, error)) return bad;
  if (const auto bad = check(queue, "b", b, error)) return bad;
  if (const auto bad = validate_same_real(a.real_bytes, b.real_bytes, error)) return bad;
  return queue.status();
}

template <template <class> class Shapes, class Given>
motes_status pairs(const Given& a, const Given& b, void* out, cudaStream_t stream, motes_error* error) {
  return guarded([&] {
    StreamQueue queue(stream, kDoing, error);
    if (const auto bad = check_two(queue, a, b, error)) return bad;
    if (const auto bad = validate_as_many(a.n, b.n, error)) return bad;
    if (const auto bad = validate_pointer("out", out, a.n, error)) return bad;
    if (a.real_bytes == 4) paired(queue, Shapes<float>(a), Shapes<float>(b), a.n, static_cast<float*>(out));
    else paired(queue, Shapes<double>(a), Shapes<double>(b), a.n, static_cast<double*>(out));
    return queue.status();
  });
}

template <template <class> class Shapes, class Given>
motes_status matrices(const Given& a, const Given& b, int64_t n_micrographs, const int64_t* a_indptr,
                      const int64_t* b_indptr, void* out, cudaStream_t stream, motes_error* error) {
  return guarded([&] {
    StreamQueue queue(stream, kDoing, error);
    if (const auto bad = check_two(queue, a, b, error)) return bad;
    if (const auto bad = validate_micrographs("a_indptr", a_indptr, n_micrographs, a.n, error)) return bad;
    if (const auto bad = validate_micrographs("b_indptr", b_indptr, n_micrographs, b.n, error)) return bad;
    int64_t n_pairs = 0;
    for (int64_t m = 0; m < n_micrographs; ++m)
      n_pairs += (a_indptr[m + 1] - a_indptr[m]) * (b_indptr[m + 1] - b_indptr[m]);
    if (const auto bad = validate_pointer("out", out, n_pairs, error)) return bad;
    const auto run = [&]<class Real>(Real* to) {
      all_pairs(queue, Shapes<Real>(a), Shapes<Real>(b), n_micrographs, a_indptr, b_indptr, to);
    };
    if (a.real_bytes == 4) run(static_cast<float*>(out));
    else run(static_cast<double*>(out));
    return queue.status();
  });
}

template <class Real>
motes_status split(const void* boxes, int64_t n, void* corner, void* size, cudaStream_t stream, motes_error* error) {
  StreamQueue queue(stream, kDoing, error);
  for_each(queue, n, SplitBoxes<Real>{static_cast<const Real*>(boxes), static_cast<Real*>(corner), static_cast<Real*>(size)});
  return queue.status();
}

}  // namespace

motes_status split_boxes(const void* boxes, int real_bytes, int64_t n, void* corner, void* size, cudaStream_t stream,
                         motes_error* error) {
  return real_bytes == 4 ? split<float>(boxes, n, corner, size, stream, error)
                         : split<double>(boxes, n, corner, size, stream, error);
}
motes_status circle_iou(const motes_circles& a, const motes_circles& b, void* out, cudaStream_t stream, motes_error* error) {
  return pairs<CircleShapes>(a, b, out, stream, error);
}
motes_status box_iou(const motes_boxes& a, const motes_boxes& b, void* out, cudaStream_t stream, motes_error* error) {
  return pairs<BoxShapes>(a, b, out, stream, error);
}
motes_status circle_iou_all(const motes_circles& a, const motes_circles& b, int64_t n_micrographs, const int64_t* a_indptr,
                            const int64_t* b_indptr, void* out, cudaStream_t stream, motes_error* error) {
  return matrices<CircleShapes>(a, b, n_micrographs, a_indptr, b_indptr, out, stream, error);
}
motes_status box_iou_all(const motes_boxes& a, const motes_boxes& b, int64_t n_micrographs, const int64_t* a_indptr,
                         const int64_t* b_indptr, void* out, cudaStream_t stream, motes_error* error) {
  return matrices<BoxShapes>(a, b, n_micrographs, a_indptr, b_indptr, out, stream, error);
}

}  // namespace motes::cuda
