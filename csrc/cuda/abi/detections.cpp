#include "cuda/detections.hpp"

#include <stdexcept>

#include "cuda/abi/place.hpp"

namespace motes::cuda {
namespace {

template <class Shapes, class Call>
motes_status iou_at(const Shapes* a, const Shapes* b, void* out, const motes_cuda_run* run, motes_error* error, Call call) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_arrays("a", a)) return bad;
    if (const auto bad = at.validate_arrays("b", b)) return bad;
    if (const auto bad = at.validate_optional("out", out)) return bad;
    return call(at.stream());
  });
}

}  // namespace
}  // namespace motes::cuda

using namespace motes::cuda;

motes_status motes_cuda_circle_iou(const motes_circles* a, const motes_circles* b, void* out, const motes_cuda_run* run,
                                   motes_error* error) {
  return iou_at(a, b, out, run, error, [&](cudaStream_t stream) { return circle_iou(*a, *b, out, stream, error); });
}

motes_status motes_cuda_box_iou(const motes_boxes* a, const motes_boxes* b, void* out, const motes_cuda_run* run,
                                motes_error* error) {
  return iou_at(a, b, out, run, error, [&](cudaStream_t stream) { return box_iou(*a, *b, out, stream, error); });
}

motes_status motes_cuda_circle_iou_all(const motes_circles* a, const motes_circles* b, int64_t n_micrographs,
                                       const int64_t* a_indptr, const int64_t* b_indptr, void* out,
                                       const motes_cuda_run* run, motes_error* error) {
  return iou_at(a, b, out, run, error, [&](cudaStream_t stream) {
    return circle_iou_all(*a, *b, n_micrographs, a_indptr, b_indptr, out, stream, error);
  });
}

motes_status motes_cuda_box_iou_all(const motes_boxes* a, const motes_boxes* b, int64_t n_micrographs,
                                    const int64_t* a_indptr, const int64_t* b_indptr, void* out,
                                    const motes_cuda_run* run, motes_error* error) {
  return iou_at(a, b, out, run, error, [&](cudaStream_t stream) {
    return box_iou_all(*a, *b, n_micrographs, a_indptr, b_indptr, out, stream, error);
  });
}

motes_status motes_cuda_suppression(const motes_circles* circles, const void* score, int64_t n_micrographs,
                                    const int64_t* indptr, motes_measure measure, double threshold, int64_t* kept,
                                    int64_t* kept_indptr, int64_t* suppressor, const motes_cuda_run* run,
                                    motes_error* error) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_arrays("circles", circles)) return bad;
    if (const auto bad = at.validate_memory("scores", score, circles->n)) return bad;
    if (const auto bad = at.validate_memory("kept", kept, circles->n)) return bad;
    if (const auto bad = at.validate_optional("suppressor", suppressor)) return bad;
    return suppression(*circles, score, n_micrographs, indptr, measure, threshold, [kept](int64_t) { return kept; },
                       kept_indptr, suppressor, at.stream(), error);
  });
}

motes_status motes_cuda_map_suppression(const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width,
                                        double radius, double threshold, int64_t capacity, int64_t* peak,
                                        int64_t* peak_indptr, const motes_cuda_run* run, motes_error* error) {
  return at_place(run, error, [&](const Place& at) {
    if (const auto bad = at.validate_optional("map", map)) return bad;
    if (const auto bad = motes::validate_count("capacity", capacity, error)) return bad;
    if (const auto bad = at.validate_memory("peak", peak, capacity)) return bad;
    int64_t needed = 0;
    const Room room = [&](int64_t n) {
      needed = n;
      if (n > capacity) throw std::length_error("peak");
      return peak;
    };
    const auto status = map_suppression(map, real_bytes, n_maps, height, width, radius, threshold, room, peak_indptr,
                                        at.stream(), error);
    if (needed <= capacity) return status;
    peak_indptr[n_maps] = needed;
    return MOTES_TOO_SMALL;
  });
}
