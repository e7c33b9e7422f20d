#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/planes.hpp"
#include "dispatch/quantum.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, sweep_f32, const motes_patterns&, const Panels<float>&, int, SweepState<float>&, Lane)
MOTES_KERNEL(void, sweep_f64, const motes_patterns&, const Panels<double>&, int, SweepState<double>&, Lane)
MOTES_KERNEL(void, finish_sweep_f32, SweepState<float>&)
MOTES_KERNEL(void, finish_sweep_f64, SweepState<double>&)

namespace motes {
namespace {

template <class Real>
struct Worker {
  Worker(const PanelShape& shape, int64_t n_pixels)
      : planes(shape, n_pixels), weights(shape.stride()), scores(block_scratch(shape)) {
    state = {planes.planes, weights.get(), {0, 0}, 0, scores.get()};
  }
  WorkerPlanes<Real> planes;
  Buffer<int64_t> weights;
  Buffer<Real> scores;
  SweepState<Real> state;
};

template <class Real, class Kernel, class Finish>
motes_status sweep(Kernel kernel, Finish finish, const motes_patterns* patterns, const Real* weights, const Real* base,
                   int64_t n_templates, motes_assignment_rule rule, motes_sums* sums, const motes_run* run,
                   motes_error* error) {
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_templates("weights", n_templates, patterns->n_pixels, error)) return bad;
  const int64_t size = patterns->n_pixels * n_templates;
  if (const auto bad = validate_numbers("weights", weights, size, true, error)) return bad;
  if (base)
    if (const auto bad = validate_numbers("base", base, n_templates, true, error)) return bad;
  if (const auto bad = validate_sums(rule, sums, n_templates, patterns->n_pixels, error)) return bad;
  if (!sums_fit<Real>(photons_at_most(*patterns)))
    return refuse(error, -1, "patterns: too many photons for exact sums; sweep parts");
  return guarded(error, [&] {
    const PackedTemplates<Real> packed(weights, base, n_templates, patterns->n_pixels);
    const PanelShape& shape = packed.shape();
    const int n_workers = workers_for(lanes_in(patterns->n_patterns, kPatternsPerLane), run);
    std::vector<Worker<Real>> workers;
    workers.reserve(static_cast<size_t>(n_workers));
    for (int w = 0; w < n_workers; ++w) workers.emplace_back(shape, patterns->n_pixels);
    const auto status = for_each_lane(patterns->n_patterns, kPatternsPerLane, n_workers, run, [&](Lane lane, int w) {
      kernel(*patterns, packed.panels, rule == MOTES_HARD, workers[static_cast<size_t>(w)].state, lane);
    });
    if (status) return status;
    std::fill_n(sums->planes, size, 0);
    std::fill_n(sums->weights, n_templates, 0);
    sums->log_likelihood[0] = sums->log_likelihood[1] = sums->n_impossible = 0;
    sums->quantum = 1.0 / static_cast<double>(int64_t{1} << Fixed<Real>::kBits);
    for (auto& worker : workers) {
      finish(worker.state);
      for (int64_t i = 0; i < patterns->n_pixels; ++i)
        for (int64_t r = 0; r < n_templates; ++r)
          sums->planes[i * n_templates + r] +=
              worker.state.planes.wide[panel_offset(shape, patterns->n_pixels, i, r)];
      for (int64_t r = 0; r < n_templates; ++r) sums->weights[r] += worker.weights[r];
      sums->log_likelihood[0] += worker.state.log_likelihood[0];
      sums->log_likelihood[1] += worker.state.log_likelihood[1];
      sums->n_impossible += worker.state.n_impossible;
    }
    sums->log_likelihood[0] += sums->log_likelihood[1] >> kLogBits;
    sums->log_likelihood[1] &= (int64_t{1} << kLogBits) - 1;
    return MOTES_OK;
  });
}

}  // namespace
}  // namespace motes

#define MOTES_DEFINE(Real, suffix)                                                                                   \
  motes_status motes_sweep_##suffix(const motes_patterns* patterns, const Real* weights, const Real* base,           \
                                    int64_t n_templates, motes_assignment_rule rule, motes_sums* sums,               \
                                    const motes_run* run, motes_error* error) {                                      \
    return motes::sweep(MOTES_CHOOSE(sweep_##suffix), MOTES_CHOOSE(finish_sweep_##suffix), patterns, weights, base,  \
                        n_templates, rule, sums, run, error);                                                        \
  }

MOTES_DEFINE(float, f32)
MOTES_DEFINE(double, f64)
