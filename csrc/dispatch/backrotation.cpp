#include <cmath>
#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/planes.hpp"
#include "dispatch/quantum.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, backrotation_f32, const motes_patterns&, const float*, int64_t, float, Planes<int32_t>&, int32_t*, Lane)
MOTES_KERNEL(void, backrotation_f64, const motes_patterns&, const double*, int64_t, double, Planes<int64_t>&, int64_t*, Lane)
MOTES_KERNEL(void, finish_backrotation_f32, Planes<int32_t>&)
MOTES_KERNEL(void, finish_backrotation_f64, Planes<int64_t>&)
MOTES_KERNEL(float, largest_magnitude_f32, const float*, int64_t)
MOTES_KERNEL(double, largest_magnitude_f64, const double*, int64_t)

namespace motes {
namespace {

template <class Real>
struct Worker {
  using Amount = typename Fixed<Real>::Amount;
  Worker(const PanelShape& shape, int64_t n_pixels) : planes(shape, n_pixels), amounts(block_scratch(shape)) {}
  WorkerPlanes<Real> planes;
  Buffer<Amount> amounts;
};

template <class Real, class Kernel, class Finish, class Largest>
motes_status backrotation(Kernel kernel, Finish finish, Largest largest_magnitude, const motes_patterns* patterns,
                          const Real* coefficients, int64_t n_templates, double* planes, const motes_run* run,
                          motes_error* error) {
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_templates("coefficients", n_templates, patterns->n_pixels, error)) return bad;
  const int64_t n_coefficients = patterns->n_patterns * n_templates;
  if (const auto bad = validate_pointer("coefficients", coefficients, n_coefficients, error)) return bad;
  if (const auto bad = validate_pointer("planes", planes, patterns->n_pixels * n_templates, error)) return bad;
  if (!sums_fit<Real>(photons_at_most(*patterns)))
    return refuse(error, -1, "patterns: too many photons for exact sums; take parts");
  return guarded(error, [&] {
    const PanelShape shape(n_templates);
    const int n_workers = workers_for(lanes_in(patterns->n_patterns, kPatternsPerLane), run);
    std::vector<Real> largest(static_cast<size_t>(n_workers), Real(0));
    auto status = for_each_lane(patterns->n_patterns, kPatternsPerLane, n_workers, run, [&](Lane lane, int w) {
      const Real found =
          largest_magnitude(coefficients + lane.begin * n_templates, (lane.end - lane.begin) * n_templates);
      auto& so_far = largest[static_cast<size_t>(w)];
      if (std::isfinite(so_far) && !(found <= so_far)) so_far = found;  // NaN and infinity stay
    });
    if (status) return status;
    for (const Real found : largest)
      if (!std::isfinite(found)) return validate_numbers("coefficients", coefficients, n_coefficients, false, error);
    Quantum<Real> quantum;
    if (const auto bad = quantum_of(*std::max_element(largest.begin(), largest.end()), &quantum, error)) return bad;
    std::vector<Worker<Real>> workers;
    workers.reserve(static_cast<size_t>(n_workers));
    for (int w = 0; w < n_workers; ++w) workers.emplace_back(shape, patterns->n_pixels);
    status = for_each_lane(patterns->n_patterns, kPatternsPerLane, n_workers, run, [&](Lane lane, int w) {
      auto& worker = workers[static_cast<size_t>(w)];
      kernel(*patterns, coefficients, n_templates, quantum.scale, worker.planes.planes, worker.amounts.get(), lane);
    });
    if (status) return status;
    for (auto& worker : workers) finish(worker.planes.planes);
    for (int64_t i = 0; i < patterns->n_pixels; ++i)
      for (int64_t r = 0; r < n_templates; ++r) {
        int64_t sum = 0;
        for (const auto& worker : workers)
          sum += worker.planes.planes.wide[panel_offset(shape, patterns->n_pixels, i, r)];
        planes[i * n_templates + r] = std::ldexp(static_cast<double>(sum), quantum.shift());
      }
    return MOTES_OK;
  });
}

}  // namespace
}  // namespace motes

#define MOTES_DEFINE(Real, suffix)                                                                                  \
  motes_status motes_backrotation_##suffix(const motes_patterns* patterns, const Real* coefficients,                \
                                           int64_t n_templates, double* planes, const motes_run* run,               \
                                           motes_error* error) {                                                    \
    return motes::backrotation(MOTES_CHOOSE(backrotation_##suffix), MOTES_CHOOSE(finish_backrotation_##suffix),     \
                               MOTES_CHOOSE(largest_magnitude_##suffix), patterns, coefficients, n_templates,       \
                               planes, run, error);                                                                 \
  }

MOTES_DEFINE(float, f32)
MOTES_DEFINE(double, f64)

motes_status motes_expand(const double* master, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                          double* templates, motes_error* error) {
  if (const auto bad = motes::validate_index(index, n_templates, n_pixels, error)) return bad;
  if (const auto bad = motes::validate_pointer("master", master, n_pixels, error)) return bad;
  if (const auto bad = motes::validate_pointer("templates", templates, n_pixels, error)) return bad;
  for (int64_t r = 0; r < n_templates; ++r)
    for (int64_t i = 0; i < n_pixels; ++i) templates[i * n_templates + r] = master[index[r * n_pixels + i]];
  return MOTES_OK;
}

motes_status motes_rotate_home(const double* planes, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                               double* master, motes_error* error) {
  if (const auto bad = motes::validate_index(index, n_templates, n_pixels, error)) return bad;
  if (const auto bad = motes::validate_pointer("planes", planes, n_pixels, error)) return bad;
  if (const auto bad = motes::validate_pointer("master", master, n_pixels, error)) return bad;
  for (int64_t j = 0; j < n_pixels; ++j) master[j] = 0;
  for (int64_t r = 0; r < n_templates; ++r)
    for (int64_t i = 0; i < n_pixels; ++i) master[index[r * n_pixels + i]] += planes[i * n_templates + r];
  return MOTES_OK;
}
