// Circles, boxes and score maps on a GPU, with the names and the refusals of motes.h. Circles, scores, maps and outputs are
// in device memory, the indptr of micrographs in the host's; work goes to `stream` of the current device, in its order.
#pragma once
#include <functional>

#include "cuda/device.hpp"
#include "motes/motes.h"

namespace motes::cuda {

// Wait for the checks of what they read, not for what they write.
motes_status circle_iou(const motes_circles& a, const motes_circles& b, void* out, cudaStream_t stream, motes_error* error);
motes_status circle_iou_all(const motes_circles& a, const motes_circles& b, int64_t n_micrographs, const int64_t* a_indptr,
                            const int64_t* b_indptr, void* out, cudaStream_t stream, motes_error* error);
motes_status box_iou(const motes_boxes& a, const motes_boxes& b, void* out, cudaStream_t stream, motes_error* error);
motes_status box_iou_all(const motes_boxes& a, const motes_boxes& b, int64_t n_micrographs, const int64_t* a_indptr,
                         const int64_t* b_indptr, void* out, cudaStream_t stream, motes_error* error);

// Boxes as rows of x, y, width and height, taken apart: (n, 2) corners, (n, 2) sizes. Returns before the work is done.
motes_status split_boxes(const void* boxes, int real_bytes, int64_t n, void* corner, void* size, cudaStream_t stream,
                         motes_error* error);

// Device memory for n indices; asked for once, when n is known; throws Failed where there is none.
using Room = std::function<int64_t*(int64_t n)>;

// kept_indptr (n_micrographs + 1): in the host's memory. suppressor (n; may be null): in the device's. Waits.
motes_status suppression(const motes_circles& circles, const void* score, int64_t n_micrographs, const int64_t* indptr,
                         motes_measure measure, double threshold, const Room& kept, int64_t* kept_indptr,
                         int64_t* suppressor, cudaStream_t stream, motes_error* error);

// Peaks of all maps, map after map; peak_indptr (n_maps + 1) in the host's memory. Waits.
motes_status map_suppression(const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width, double radius,
                             double threshold, const Room& peak, int64_t* peak_indptr, cudaStream_t stream,
                             motes_error* error);

// centre (n, 2): x and y of those peaks; score (n), of the map's type. peak_indptr is the host's. Returns before the work
// is done.
motes_status read_peaks(const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width,
                        const int64_t* peak, const int64_t* peak_indptr, int64_t* centre, void* score, cudaStream_t stream,
                        motes_error* error);

}  // namespace motes::cuda
