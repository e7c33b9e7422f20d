// A sweep over templates in device memory, whose results stay there: `motes.sweep` of device arrays.
//
// Four launches for the templates (model.hpp), those of the sweep (passes.hpp), and one that turns the exact sums into
// float64. Before them the templates are checked, and a number of that is waited for; after them nobody waits.
#pragma once
#include "cuda/checks.hpp"
#include "cuda/model.hpp"
#include "cuda/passes.hpp"

namespace motes::cuda {

// What a sweep leaves, in device memory.
struct SumsInReals {
  double* planes;   // (R, M)
  double* weights;  // (R)
  double* told;     // nats; impossible patterns
};

// No mean that a template may have.
struct NoMean {
  const void* values;
  int real_bytes;
  double most;
  MOTES_HD bool operator()(int64_t i) const {
    const double mean = number_at(values, real_bytes, i);
    return !(mean >= 0 && mean <= most);
  }
};

// Items are the places of the planes, and after them one for the rest.
template <class Real>
struct InReals {
  Model<Real> model;
  Sums sums;
  int64_t n_patterns;
  SumsInReals out;

  static constexpr double kQuantum = 1.0 / static_cast<double>(int64_t{1} << Fixed<Real>::kBits);

  MOTES_HD void operator()(int64_t at) const {
    const int64_t n = model.n_templates, n_pixels = model.n_pixels;
    if (at < n * n_pixels) {
      out.planes[at] = static_cast<double>(sums.planes[at % n_pixels * n + at / n_pixels]) * kQuantum;
    } else if (at < n * n_pixels + n) {
      const int64_t r = at - n * n_pixels;
      out.weights[r] = static_cast<double>(sums.weights[r]) * kQuantum;
    } else {
      out.told[0] = model.common_nats(nats_of(sums), n_patterns);
      out.told[1] = static_cast<double>(*sums.n_impossible);
    }
  }
};

// prior: (R) probabilities, photons: (M) of all patterns; device memory, as are the means.
template <class Real, class Pixel, class Queue>
void sweep_means(Queue& queue, const PatternsOn<Pixel>& patterns, const Means& means, Noise noise, const double* prior,
                 const int64_t* photons, bool hard, const SumsInReals& out) {
  const auto model = model_of<Real>(queue, means.n_values, means.n_templates, means.n_pixels);
  const SumsBlock block{means.n_pixels, means.n_templates};
  auto* const memory = queue.template array<int64_t>(block.size());
  RoomForRows<Real> scores{};
  if (model.n_panels() > 1) scores = room_for_rows<Real>(queue, patterns.n_patterns, model.n_panels() * kWidth);
  set_model(queue, means, noise, prior, photons, model);
  queue.zero(memory, block.size());
  const Sums sums = block.at(memory);
  if (patterns.n_patterns > 0) sweep_through(queue, patterns, model.templates(), hard, sums, scores);
  for_each(queue, means.n_templates * (means.n_pixels + 1) + 1,
           InReals<Real>{model, sums, patterns.n_patterns, out});
}

}  // namespace motes::cuda
