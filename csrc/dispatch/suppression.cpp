#include "kernels/suppression.h"

#include <vector>

#include "dispatch/circles.hpp"
#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/scratch.hpp"

MOTES_KERNEL(int64_t, suppress, const motes_circles&, const void*, const Nearness&, const SuppressionMemory&, int64_t*,
             int64_t*, Lane)
MOTES_KERNEL(int64_t, soft_suppress, const motes_circles&, const void*, const Nearness&, const SoftRule&,
             const SuppressionMemory&, double*, int64_t*, Lane)
MOTES_KERNEL(int64_t, suppress_map, const void*, int, int64_t, int64_t, double, double, const MapMemory&, int64_t*)

namespace motes {
namespace {

using Worker = Scratch<SuppressionMemory>;
using MapWorker = Scratch<MapMemory>;

Worker worker_for(int64_t n, bool soft) {
  const int64_t hard_n = soft ? 0 : n, soft_n = soft ? n : 0;
  return Worker([=](Cutter& cutter) {
    return SuppressionMemory{cells_memory(cutter, n),    grid_memory(cutter, hard_n),
                             cutter.cut<Ranked>(hard_n), cutter.cut<Ranked>(hard_n),
                             cutter.cut<double>(soft_n), cutter.cut<int32_t>(soft_n)};
  });
}

MapWorker map_worker_for(int64_t height, int64_t width) {
  const int64_t n = height * width;
  return MapWorker([=](Cutter& cutter) {
    return MapMemory{cutter.cut<Ranked>(n), cutter.cut<Ranked>(n), cutter.cut<uint8_t>(n), cutter.cut<int64_t>(height + 1)};
  });
}

motes_status validate_scored(const motes_circles* circles, const void* score, int64_t n_micrographs,
                             const int64_t* indptr, const int64_t* kept, const int64_t* kept_indptr,
                             const motes_run* run, motes_error* error) {
  if (const auto bad = validate("circles", circles, error)) return bad;
  if (const auto bad = validate_micrographs("indptr", indptr, n_micrographs, circles->n, error)) return bad;
  if (const auto bad = validate_reals("scores", score, circles->real_bytes, circles->n, error)) return bad;
  if (const auto bad = validate_pointer("kept", kept, circles->n, error)) return bad;
  if (const auto bad = validate_pointer("kept_indptr", kept_indptr, n_micrographs + 1, error)) return bad;
  return validate_run(run, error);
}

// body(lane, worker) -> how many were kept, written from kept[lane.begin] on; then what was kept is moved together.
template <class Body>
motes_status each_micrograph(int64_t n_micrographs, const int64_t* indptr, bool soft, int64_t* kept,
                             int64_t* kept_indptr, const motes_run* run, motes_error* error, Body&& body) {
  return guarded(error, [&] {
    const int n_workers = workers_for(n_micrographs, run);
    const int64_t most = largest_part(indptr, n_micrographs);
    std::vector<Worker> workers;
    workers.reserve(static_cast<size_t>(n_workers));
    for (int w = 0; w < n_workers; ++w) workers.push_back(worker_for(most, soft));
    const auto status = for_each_lane(n_micrographs, 1, n_workers, run, [&](Lane lane, int w) {
      kept_indptr[lane.end] = body(Lane{indptr[lane.begin], indptr[lane.end]}, workers[static_cast<size_t>(w)].memory);
    });
    if (status) return status;
    kept_indptr[0] = 0;
    for (int64_t m = 0; m < n_micrographs; ++m) {
      std::copy_n(kept + indptr[m], kept_indptr[m + 1], kept + kept_indptr[m]);
      kept_indptr[m + 1] += kept_indptr[m];
    }
    return MOTES_OK;
  });
}

}  // namespace
}  // namespace motes

motes_status motes_suppression(const motes_circles* circles, const void* score, int64_t n_micrographs,
                               const int64_t* indptr, motes_measure measure, double threshold, int64_t* kept,
                               int64_t* kept_indptr, int64_t* suppressor, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_scored(circles, score, n_micrographs, indptr, kept, kept_indptr, run, error)) return bad;
  if (const auto bad = validate_measure(measure, threshold, error)) return bad;
  const Nearness near = nearness(measure, threshold);
  const auto kernel = MOTES_CHOOSE(suppress);
  return each_micrograph(n_micrographs, indptr, false, kept, kept_indptr, run, error,
                         [&](Lane lane, const SuppressionMemory& memory) {
                           return kernel(*circles, score, nearness_within(near, *circles, lane, *circles, lane), memory,
                                         kept + lane.begin,
                                         suppressor ? suppressor + lane.begin : nullptr, lane);
                         });
}

motes_status motes_soft_suppression(const motes_circles* circles, const void* score, int64_t n_micrographs,
                                    const int64_t* indptr, motes_decay decay, double parameter, double min_score,
                                    double* decayed, int64_t* kept, int64_t* kept_indptr, const motes_run* run,
                                    motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_scored(circles, score, n_micrographs, indptr, kept, kept_indptr, run, error)) return bad;
  if (const auto bad = validate_pointer("decayed", decayed, circles->n, error)) return bad;
  for (int64_t i = 0; i < circles->n; ++i) {
    const double value = number_at(score, circles->real_bytes, i);
    if (value < 0)
      return refuse(error, i, "scores: expected 0 or more (a decay would raise it), got %g at index %lld", value,
                    static_cast<long long>(i));
  }
  if (!(min_score >= 0)) return refuse(error, -1, "min_score: expected 0 or more, got %g", min_score);
  if (decay != MOTES_LINEAR_DECAY && decay != MOTES_GAUSSIAN_DECAY)
    return refuse(error, -1, "decay: unknown, %d", static_cast<int>(decay));
  if (decay == MOTES_GAUSSIAN_DECAY && !(parameter > 0 && parameter <= 1e20))
    return refuse(error, -1, "sigma: expected above 0, got %g", parameter);
  if (decay == MOTES_LINEAR_DECAY)
    if (const auto bad = validate_measure(MOTES_CIRCLE_IOU, parameter, error)) return bad;
  const Nearness near = nearness(MOTES_CIRCLE_IOU, decay == MOTES_GAUSSIAN_DECAY ? 0.0 : parameter);
  const SoftRule rule{decay, parameter, min_score};
  const auto kernel = MOTES_CHOOSE(soft_suppress);
  return each_micrograph(n_micrographs, indptr, true, kept, kept_indptr, run, error,
                         [&](Lane lane, const SuppressionMemory& memory) {
                           return kernel(*circles, score, nearness_within(near, *circles, lane, *circles, lane), rule,
                                         memory, decayed + lane.begin, kept + lane.begin, lane);
                         });
}

motes_status motes_map_suppression(const void* map, int real_bytes, int64_t n_maps, int64_t height, int64_t width,
                                   double radius, double threshold, int64_t* peak, int64_t* n_peaks,
                                   const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_maps(real_bytes, n_maps, height, width, radius, threshold, error)) return bad;
  const int64_t size = height * width;
  if (const auto bad = validate_pointer("map", map, n_maps * size, error)) return bad;
  if (const auto bad = validate_pointer("peak", peak, n_maps * size, error)) return bad;
  if (const auto bad = validate_pointer("n_peaks", n_peaks, n_maps, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  for (int64_t i = 0; i < n_maps * size; ++i)
    if (real_bytes == 4 ? std::isnan(static_cast<const float*>(map)[i]) : std::isnan(static_cast<const double*>(map)[i]))
      return refuse_pixel(i, height, width, error);
  return guarded(error, [&] {
    const int n_workers = workers_for(n_maps, run);
    std::vector<MapWorker> workers;
    workers.reserve(static_cast<size_t>(n_workers));
    for (int w = 0; w < n_workers; ++w) workers.push_back(map_worker_for(height, width));
    const auto kernel = MOTES_CHOOSE(suppress_map);
    return for_each_lane(n_maps, 1, n_workers, run, [&](Lane lane, int w) {
      const auto* from = static_cast<const char*>(map) + lane.begin * size * real_bytes;
      n_peaks[lane.begin] = kernel(from, real_bytes, height, width, radius, threshold,
                                   workers[static_cast<size_t>(w)].memory, peak + lane.begin * size);
    });
  });
}
