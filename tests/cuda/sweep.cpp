#include "cuda/sweep.hpp"

#include "containers.hpp"
#include "cuda/means.hpp"
#include "cuda/passes.hpp"
#include "queue.hpp"

namespace motes::cuda {
namespace {

// One kernel for up to four templates, three for more; `fused` false takes the three for any number.
template <class Real, bool Staged, class Pixel>
int sweep_of(const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, bool hard, bool fused, Sums sums,
             Four<Real>* scores, int64_t blocks_each, int order) {
  if (fused)
    return run_on_host(
        SweepOfFour<Real, Pixel, Staged>{patterns, {templates, hard}, sums, templates.n_templates, 1, blocks_each},
        order);
  const int64_t stride = templates.n_panels * kWidth;
  auto* rows = reinterpret_cast<Real*>(scores);
  if (const int bad =
          run_on_host(Likelihood<Real, Pixel, Staged>{patterns, templates, rows, stride, stride, blocks_each}, order))
    return bad;
  const auto leave = hard ? Row::kWinner : Row::kAmounts;
  if (const int bad = run_on_host(
          SoftmaxRows<Real>{rows, patterns.n_patterns, stride, templates.n_templates, leave, sums, nullptr, nullptr},
          order))
    return bad;
  const auto* amounts = reinterpret_cast<const Four<typename Fixed<Real>::Amount>*>(scores);
  return run_on_host(
      SweepOfRows<Real, Pixel, Staged>{
          patterns, {amounts, templates.n_panels}, sums, templates.n_templates, templates.n_panels, blocks_each},
      order);
}

template <class Real>
int sweep(const PatternsGiven& given, const Real* weights, const Real* base, int64_t n_templates, int hard, int fused,
          int staged, int64_t* planes, int64_t* orientation, int64_t* log_likelihood, int64_t* n_impossible,
          int64_t blocks_each, int order) {
  const Panels<Real> panels(weights, base, n_templates, given.n_pixels);
  const Templates<Real> templates = panels.at(panels.data());
  std::vector<Four<Real>> scores(static_cast<std::size_t>(templates.n_panels * given.n_patterns));
  const Sums sums{planes, orientation, log_likelihood, n_impossible};
  return given.with([&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
    const auto run = staged ? &sweep_of<Real, true, Pixel> : &sweep_of<Real, false, Pixel>;
    return run(patterns, templates, hard != 0, fused != 0, sums, scores.data(), blocks_each, order);
  });
}

// All of it, with so many bytes for its arrays and for the shared memory of a block; `numbers`: a SumsBlock.
template <class Real>
int turns_of(const PatternsGiven& given, const Real* weights, const Real* base, int64_t n_templates, int hard,
             int64_t room, int64_t shared_per_block, int64_t* numbers, int64_t* n_launches, int order) {
  return given.with([&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
    HostQueue queue(order);
    queue.with(shared_per_block, INT64_MAX, room);
    const auto panels = std::make_shared<const Panels<Real>>(weights, base, n_templates, given.n_pixels);
    sweep_in_turns(queue, patterns, panels, hard != 0, numbers);
    *n_launches = queue.n_launches();
    return queue.verdict();
  });
}

// Over templates that are there; `index`: of the first that is no mean.
template <class Real>
int means_of(const PatternsGiven& given, const void* values, int64_t real_bytes, int64_t n_templates,
             const double* prior, const int64_t* photons, int poisson, double low, double high, double most, int hard,
             double* planes, double* weights, double* told, int64_t* index, int order) {
  HostQueue queue(order);
  const int bytes = static_cast<int>(real_bytes);
  const int64_t n = n_templates * given.n_pixels;
  *index = index_of(queue, look_for(queue, n, NoMean{values, bytes, most}));
  if (*index < n) return queue.verdict();
  const Means means{values, bytes, nullptr, n, n_templates, given.n_pixels, nullptr, low, high};
  return given.with([&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
    sweep_means<Real>(queue, patterns, means, poisson ? Noise::kPoisson : Noise::kBernoulli, prior, photons, hard != 0,
                      SumsInReals{planes, weights, told});
    return queue.verdict();
  });
}

}  // namespace
}  // namespace motes::cuda

extern "C" int sweep_means(const motes::cuda::PatternsGiven* patterns, const void* values, int64_t real_bytes,
                           int64_t n_templates, const double* prior, const int64_t* photons, int poisson, double low,
                           double high, double most, int hard, int in_double, double* planes, double* weights,
                           double* told, int64_t* index, int order) {
  const auto call = in_double ? &motes::cuda::means_of<double> : &motes::cuda::means_of<float>;
  return call(*patterns, values, real_bytes, n_templates, prior, photons, poisson, low, high, most, hard, planes,
              weights, told, index, order);
}

extern "C" int sweep_in_turns_f32(const motes::cuda::PatternsGiven* patterns, const float* weights, const float* base,
                                  int64_t n_templates, int hard, int64_t room, int64_t shared_per_block,
                                  int64_t* numbers, int64_t* n_launches, int order) {
  return motes::cuda::turns_of(*patterns, weights, base, n_templates, hard, room, shared_per_block, numbers, n_launches,
                               order);
}

extern "C" int sweep_in_turns_f64(const motes::cuda::PatternsGiven* patterns, const double* weights, const double* base,
                                  int64_t n_templates, int hard, int64_t room, int64_t shared_per_block,
                                  int64_t* numbers, int64_t* n_launches, int order) {
  return motes::cuda::turns_of(*patterns, weights, base, n_templates, hard, room, shared_per_block, numbers, n_launches,
                               order);
}

extern "C" int sweep_f32(const motes::cuda::PatternsGiven* patterns, const float* weights, const float* base,
                         int64_t n_templates, int hard, int fused, int staged, int64_t* planes, int64_t* orientation,
                         int64_t* log_likelihood, int64_t* n_impossible, int64_t blocks_each, int order) {
  return motes::cuda::sweep(*patterns, weights, base, n_templates, hard, fused, staged, planes, orientation,
                            log_likelihood, n_impossible, blocks_each, order);
}

extern "C" int sweep_f64(const motes::cuda::PatternsGiven* patterns, const double* weights, const double* base,
                         int64_t n_templates, int hard, int fused, int staged, int64_t* planes, int64_t* orientation,
                         int64_t* log_likelihood, int64_t* n_impossible, int64_t blocks_each, int order) {
  return motes::cuda::sweep(*patterns, weights, base, n_templates, hard, fused, staged, planes, orientation,
                            log_likelihood, n_impossible, blocks_each, order);
}
