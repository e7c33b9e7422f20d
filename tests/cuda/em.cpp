#include "cuda/em.hpp"

#include "containers.hpp"
#include "queue.hpp"

namespace motes::cuda {
namespace {

enum Job : int64_t { kEvaluate, kAdvance, kExtrapolate };

// What one call of a climb does, from the arrays of the host to those of the host.
struct Climbed {
  int64_t job, in_double, hard, nearest, poisson, estimate_weights, n_rotations;
  int64_t n_all;  // patterns that the setting knows, of which those given may be a part
  const int32_t *index, *inverse;
  const uint8_t* good;
  const int64_t* photons;
  double low, high, least_weight, longest;
  const double *start, *first;  // points, where the job has them
  double* point;
  int64_t room;
  int64_t* n_launches;
};

template <class Real, class Pixel>
int climb(const PatternsOn<Pixel>& patterns, const Climbed& x, int order) {
  HostQueue queue(order);
  queue.with(kMostShared, INT64_MAX, x.room);
  const int64_t n_pixels = patterns.n_pixels, n_places = x.n_rotations * n_pixels;
  Setting setting{n_pixels,
                  x.n_rotations,
                  queue.upload(x.index, n_places),
                  queue.upload(x.inverse, n_places),
                  queue.upload(x.good, n_pixels),
                  queue.upload(x.photons, n_pixels),
                  x.n_all,
                  x.poisson ? Noise::kPoisson : Noise::kBernoulli,
                  x.low,
                  x.high,
                  x.least_weight,
                  x.estimate_weights != 0};
  const auto work = workspace_for<Real>(queue, setting);
  if (!queue.fine()) return queue.verdict();
  if (x.nearest) setting.noise = Noise::kSquares;
  const auto there = [&](const double* from) {
    Point point{nullptr, n_pixels, x.n_rotations};
    point.values = queue.template array<double>(point.size());
    if (from) queue.copy(point.values, from, point.size());
    return point;
  };
  const Point start = there(x.start), first = there(x.first), point = there(x.job == kEvaluate ? x.point : nullptr);
  if (x.job == kAdvance) advance(queue, start, point);
  if (x.job == kExtrapolate) extrapolate(queue, setting, start, first, x.longest, point, work);
  evaluate(queue, setting, patterns, x.hard != 0, point, work);
  queue.download(static_cast<const double*>(point.values), point.size(), x.point);
  *x.n_launches = queue.n_launches();
  return queue.verdict();
}

}  // namespace
}  // namespace motes::cuda

extern "C" int climb(const motes::cuda::PatternsGiven* given, const motes::cuda::Climbed* x, int order) {
  return given->with([&]<class Pixel>(const motes::cuda::PatternsOn<Pixel>& patterns) {
    const auto call = x->in_double ? &motes::cuda::climb<double, Pixel> : &motes::cuda::climb<float, Pixel>;
    return call(patterns, *x, order);
  });
}
