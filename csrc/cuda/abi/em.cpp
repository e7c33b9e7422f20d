#include <math.h>

#include <memory>
#include <vector>

#include "cuda/abi/patterns.hpp"
#include "cuda/abi/place.hpp"
#include "cuda/climb.hpp"
#include "dispatch/guarded.hpp"

struct motes_cuda_em {
  std::unique_ptr<motes::cuda::Climb> climb;
  motes_cuda_run run;
  int64_t n_patterns, n_pixels;
};

namespace motes::cuda {
namespace {

// The other way round, of rows each of which holds every pixel once.
motes_status inverse_of(const int32_t* index, int64_t n_rotations, int64_t n_pixels, std::vector<int32_t>* inverse,
                        motes_error* error) {
  inverse->assign(static_cast<size_t>(n_rotations * n_pixels), -1);
  for (int64_t k = 0; k < n_rotations * n_pixels; ++k) {
    const int64_t row = k / n_pixels * n_pixels;
    auto& back = (*inverse)[static_cast<size_t>(row + index[k])];
    if (back >= 0)
      return refuse(error, k, "setting.index: pixel %d stands twice in row %lld", index[k],
                    static_cast<long long>(k / n_pixels));
    back = static_cast<int32_t>(k - row);
  }
  return MOTES_OK;
}

motes_status validate_setting(const motes_cuda_em_setting* setting, int64_t n_pixels, motes_error* error) {
  if (const auto bad = validate_struct("setting", setting, error)) return bad;
  if (const auto bad = validate_index(setting->index, setting->n_rotations, n_pixels, error)) return bad;
  if (const auto bad = validate_pointer("setting.good", setting->good, n_pixels, error)) return bad;
  if (setting->noise != MOTES_CUDA_BERNOULLI && setting->noise != MOTES_CUDA_POISSON)
    return refuse(error, -1, "setting.noise: expected Bernoulli (0) or Poisson (1)");
  const bool poisson = setting->noise == MOTES_CUDA_POISSON;
  if (!(0 < setting->low && setting->low < setting->high && (poisson || setting->high < 1)))
    return refuse(error, -1, "setting.low, setting.high: expected 0 < low < high%s, got %g and %g", poisson ? "" : " < 1",
                  setting->low, setting->high);
  if (!(setting->least_weight > 0 && setting->least_weight <= 1))
    return refuse(error, -1, "setting.least_weight: expected a probability above 0, got %g", setting->least_weight);
  return MOTES_OK;
}

motes_status validate_rule(motes_cuda_em_rule rule, motes_error* error) {
  if (rule == MOTES_CUDA_EM_SOFT || rule == MOTES_CUDA_EM_HARD || rule == MOTES_CUDA_EM_NEAREST) return MOTES_OK;
  return refuse(error, -1, "rule: expected soft (0), hard (1) or nearest (2)");
}

motes_status begin(const Place& at, const motes_cuda_patterns* patterns, const motes_cuda_em_setting* setting,
                   int in_double, motes_cuda_em** em, motes_error* error) {
  if (const auto bad = at.validate_held(patterns)) return bad;
  const auto& stored = patterns->stored;
  const int64_t n_pixels = stored.held.arrays.n_pixels;
  if (const auto bad = validate_setting(setting, n_pixels, error)) return bad;
  return guarded([&] {
    std::vector<int32_t> inverse;
    if (const auto bad = inverse_of(setting->index, setting->n_rotations, n_pixels, &inverse, error)) return bad;
    std::vector<int64_t> photons(static_cast<size_t>(n_pixels));
    if (const auto bad = total_image(stored.held, stored.n_lit, photons.data(), at.stream(), error)) return bad;
    for (int64_t i = 0; i < n_pixels; ++i)
      if (!setting->good[i]) photons[static_cast<size_t>(i)] = 0;
    const Setting given{n_pixels,
                        setting->n_rotations,
                        setting->index,
                        inverse.data(),
                        setting->good,
                        photons.data(),
                        stored.held.arrays.n_patterns,
                        setting->noise == MOTES_CUDA_POISSON ? Noise::kPoisson : Noise::kBernoulli,
                        setting->low,
                        setting->high,
                        setting->least_weight,
                        setting->estimate_weights != 0};
    auto made = std::make_unique<motes_cuda_em>();
    made->run = {sizeof(motes_cuda_run), at.device(), at.stream()};
    made->n_patterns = stored.held.arrays.n_patterns;
    made->n_pixels = n_pixels;
    if (const auto bad = begin_climb(stored.held, given, in_double != 0, at.stream(), &made->climb, error)) return bad;
    *em = made.release();
    return MOTES_OK;
  });
}

motes_status validate_climbed(const Place& at, const motes_cuda_em& em, const motes_cuda_patterns* patterns) {
  if (const auto bad = at.validate_held(patterns)) return bad;
  const auto& given = patterns->stored.held.arrays;
  if (given.n_pixels != em.n_pixels)
    return refuse(at.error(), -1, "patterns: expected them of %lld pixels, got %lld", static_cast<long long>(em.n_pixels),
                  static_cast<long long>(given.n_pixels));
  if (given.n_patterns > em.n_patterns)
    return refuse(at.error(), -1, "patterns: expected those of the beginning or a part of them, %lld, got %lld",
                  static_cast<long long>(em.n_patterns), static_cast<long long>(given.n_patterns));
  return MOTES_OK;
}

// call(Place, Climb), where the climb works.
template <class Call>
motes_status climbing(const motes_cuda_em* em, motes_error* error, Call call) {
  if (const auto bad = validate_pointer("em", em, 1, error)) return bad;
  return at_place(&em->run, error, [&](const Place& at) { return call(at, *em->climb); });
}

}  // namespace
}  // namespace motes::cuda

using namespace motes::cuda;

motes_status motes_cuda_em_begin(const motes_cuda_patterns* patterns, const motes_cuda_em_setting* setting, int in_double,
                                 motes_cuda_em** em, const motes_cuda_run* run, motes_error* error) {
  if (const auto bad = motes::validate_pointer("em", em, 1, error)) return bad;
  *em = nullptr;
  return at_place(run, error, [&](const Place& at) { return begin(at, patterns, setting, in_double, em, error); });
}

motes_status motes_cuda_em_free(motes_cuda_em* em, motes_error* error) {
  if (!em) return MOTES_OK;
  return at_place(&em->run, error, [&](const Place&) {
    delete em;
    return MOTES_OK;
  });
}

motes_status motes_cuda_em_point_size(const motes_cuda_em* em, int64_t* n_values, motes_error* error) {
  if (const auto bad = motes::validate_pointer("em", em, 1, error)) return bad;
  if (const auto bad = motes::validate_pointer("n_values", n_values, 1, error)) return bad;
  *n_values = em->climb->point_size();
  return MOTES_OK;
}

motes_status motes_cuda_em_evaluate(motes_cuda_em* em, const motes_cuda_patterns* patterns, motes_cuda_em_rule rule,
                                    double* point, motes_error* error) {
  return climbing(em, error, [&](const Place& at, Climb& climb) {
    if (const auto bad = validate_climbed(at, *em, patterns)) return bad;
    if (const auto bad = validate_rule(rule, error)) return bad;
    if (const auto bad = at.validate_memory("point", point, climb.point_size())) return bad;
    return climb.evaluate(patterns->stored.held, static_cast<Rule>(rule), point, error);
  });
}

motes_status motes_cuda_em_advance(motes_cuda_em* em, const motes_cuda_patterns* patterns, motes_cuda_em_rule rule,
                                   const double* from, double* point, motes_error* error) {
  return climbing(em, error, [&](const Place& at, Climb& climb) {
    if (const auto bad = validate_climbed(at, *em, patterns)) return bad;
    if (const auto bad = validate_rule(rule, error)) return bad;
    if (const auto bad = at.validate_memory("from", from, climb.point_size())) return bad;
    if (const auto bad = at.validate_memory("point", point, climb.point_size())) return bad;
    return climb.advance(patterns->stored.held, static_cast<Rule>(rule), from, point, error);
  });
}

motes_status motes_cuda_em_extrapolate(motes_cuda_em* em, const motes_cuda_patterns* patterns, const double* start,
                                       const double* first, double longest, double* point, motes_error* error) {
  return climbing(em, error, [&](const Place& at, Climb& climb) {
    if (const auto bad = validate_climbed(at, *em, patterns)) return bad;
    if (!(longest >= 1 && longest < HUGE_VAL))
      return motes::refuse(error, -1, "longest: expected 1 or more, got %g", longest);
    if (const auto bad = at.validate_memory("start", start, climb.point_size())) return bad;
    if (const auto bad = at.validate_memory("first", first, climb.point_size())) return bad;
    if (const auto bad = at.validate_memory("point", point, climb.point_size())) return bad;
    return climb.extrapolate(patterns->stored.held, start, first, longest, point, error);
  });
}

motes_status motes_cuda_em_told(const motes_cuda_em* em, const double* point, double numbers[3], motes_error* error) {
  return climbing(em, error, [&](const Place& at, Climb& climb) {
    if (const auto bad = at.validate_memory("point", point, climb.point_size())) return bad;
    if (const auto bad = motes::validate_pointer("numbers", numbers, Point::kTold, error)) return bad;
    return climb.told(point, numbers, error);
  });
}
