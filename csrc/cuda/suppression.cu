#include "cuda/suppression.hpp"

#include "cuda/check_circles.hpp"
#include "cuda/detections.hpp"
#include "cuda/map_suppression.hpp"
#include "cuda/queue.cuh"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

// Indices of 32 bits number the pixels of one call.
motes_status validate_total(int64_t n_maps, int64_t size, motes_error* error) {
  if (size == 0 || n_maps < (int64_t{1} << 32) / size) return MOTES_OK;
  return refuse(error, -1, "map: %lld maps of %lld pixels, fewer than 2^32 pixels can be done together",
                static_cast<long long>(n_maps), static_cast<long long>(size));
}

}  // namespace

motes_status suppression(const motes_circles& circles, const void* score, int64_t n_micrographs, const int64_t* indptr,
                         motes_measure measure, double threshold, const Room& kept, int64_t* kept_indptr,
                         int64_t* suppressor, cudaStream_t stream, motes_error* error) {
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: suppression", error);
    if (const auto bad = check(queue, "circles", circles, error)) return bad;
    if (const auto bad = validate_micrographs("indptr", indptr, n_micrographs, circles.n, error)) return bad;
    if (const auto bad = check_scores(queue, score, circles.real_bytes, circles.n, error)) return bad;
    if (const auto bad = validate_pointer("kept_indptr", kept_indptr, n_micrographs + 1, error)) return bad;
    if (const auto bad = validate_measure(measure, threshold, error)) return bad;
    const Scores scores{score, circles.real_bytes, circles.n, n_micrographs, queue.upload(indptr, n_micrographs + 1)};
    auto* const found_indptr = queue.array<int64_t>(n_micrographs + 1);
    suppress(queue, circles, scores, nearness(measure, threshold), kept, found_indptr, suppressor);
    queue.download(found_indptr, n_micrographs + 1, kept_indptr);
    return queue.status();
  });
}

motes_status map_suppression(const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width, double radius,
                             double threshold, const Room& peak, int64_t* peak_indptr, cudaStream_t stream,
                             motes_error* error) {
  return guarded([&] {
    if (const auto bad = validate_maps(real_bytes, n_maps, height, width, radius, threshold, error)) return bad;
    if (const auto bad = validate_pointer("peak_indptr", peak_indptr, n_maps + 1, error)) return bad;
    if (const auto bad = validate_total(n_maps, height * width, error)) return bad;
    StreamQueue queue(stream, "CUDA: suppression", error);
    if (const auto bad = check_pixels(queue, map, real_bytes, n_maps, height, width, error)) return bad;
    auto* const found_indptr = queue.array<int64_t>(n_maps + 1);
    suppress_maps(queue, map, real_bytes, n_maps, height, width, radius, threshold, peak, found_indptr);
    queue.download(found_indptr, n_maps + 1, peak_indptr);
    return queue.status();
  });
}

motes_status read_peaks(const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width,
                        const int64_t* peak, const int64_t* peak_indptr, int64_t* centre, void* score, cudaStream_t stream,
                        motes_error* error) {
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: suppression", error);
    read_peaks(queue, map, real_bytes, n_maps, height, width, peak, peak_indptr, centre, score);
    return queue.status();
  });
}

}  // namespace motes::cuda
