// Templates as kernels take them, from means in device memory: motes.noise.linear_model, where the patterns are.
//
//     weights[i, r] = w[i, r] - common[i],         w[i, r] = weight_of(mean[r, i]), 0 at bad pixels
//     base[r]       = b[r] - common_base + ln prior[r],       b[r] = sum_i base_of(mean[r, i]) over good pixels
//
// common[i] and common_base are means over the templates: what knows no template costs float32 its digits. They come
// back in the sum over all patterns, n common_base + sum_i photons[i] common[i]. All in float64 until it is rounded to
// the kernels' Real; sums over the templates of a pixel in their order, all others in a fixed tree.
//
// Four launches. A master's R templates have only M different means, and the logarithms are taken once for each.
#pragma once
#include "cuda/noise.hpp"
#include "cuda/queue.hpp"
#include "cuda/row_sums.hpp"
#include "cuda/score.hpp"
#include "kernels/circles.h"

namespace motes::cuda {

// Means of R templates over M pixels, in device memory.
struct Means {
  const void* values;    // (R, M), or with an index those of a master
  int real_bytes;
  const int32_t* index;  // (R, M): which of the master's each template shows where; null: none
  int64_t n_values, n_templates, n_pixels;
  const uint8_t* good;  // (M), or null: all
  double low, high;     // taken as the next mean inside

  MOTES_HD int64_t place(int64_t r, int64_t i) const {
    const int64_t at = r * n_pixels + i;
    return index ? index[at] : at;
  }
  MOTES_HD double value(int64_t i) const { return number_at(values, real_bytes, i); }
  MOTES_HD bool is_good(int64_t i) const { return !good || good[i] != 0; }
};

MOTES_HD inline double clipped(double value, double low, double high) {
  return value < low ? low : value > high ? high : value;
}

// What the launches leave, in device memory.
template <class Real>
struct Model {
  double *weight, *base;  // of each mean
  double* common;         // (M)
  double* totals;         // (R + 2): b[r]; sum_i photons[i] common[i]; common_base
  Four<Real>* rows;       // as Panels keeps them
  int64_t n_templates, n_pixels;

  MOTES_HD int64_t n_panels() const { return panels_of(n_templates); }
  Templates<Real> templates() const { return {rows + n_panels(), rows, n_templates, n_panels(), n_pixels}; }
  // Nats that all of so many patterns have in common.
  MOTES_HD double common_nats(double of_kernel, int64_t n_patterns) const {
    return of_kernel + totals[n_templates] + static_cast<double>(n_patterns) * totals[n_templates + 1];
  }
};

template <class Real, class Queue>
Model<Real> model_of(Queue& queue, int64_t n_values, int64_t n_templates, int64_t n_pixels) {
  const int64_t n_panels = panels_of(n_templates);
  Model<Real> model{};
  model.weight = queue.template array<double>(n_values);
  model.base = queue.template array<double>(n_values);
  model.common = queue.template array<double>(n_pixels);
  model.totals = queue.template array<double>(n_templates + 2);
  model.rows = queue.template array<Four<Real>>(n_panels * (1 + n_pixels));
  model.n_templates = n_templates;
  model.n_pixels = n_pixels;
  return model;
}

struct Logarithms {
  Means means;
  Noise noise;
  double *weight, *base;
  MOTES_HD void operator()(int64_t i) const {
    const double mean = clipped(means.value(i), means.low, means.high);
    const bool silent = noise == Noise::kBernoulli && is_certain(mean);
    weight[i] = silent ? 0 : weight_of(noise, mean);
    base[i] = silent ? 0 : base_of(noise, mean);
  }
};

// One pixel of all panels.
template <class Real>
struct PixelOfTemplates {
  Means means;
  Model<Real> model;
  bool centred;
  MOTES_HD void operator()(int64_t i) const {
    const bool good = means.is_good(i);
    const int64_t n = model.n_templates, n_panels = model.n_panels();
    double common = 0;
    if (good && centred) {
      for (int64_t r = 0; r < n; ++r) common += model.weight[means.place(r, i)];
      common /= static_cast<double>(n);
    }
    model.common[i] = common;
    for (int64_t panel = 0; panel < n_panels; ++panel) {
      Four<Real> row = {};
      for (int k = 0; k < kWidth; ++k)
        if (good && panel * kWidth + k < n)
          row.at[k] = static_cast<Real>(model.weight[means.place(panel * kWidth + k, i)] - common);
      model.rows[n_panels + panel * model.n_pixels + i] = row;
    }
  }
};

// Rows 0 .. R - 1: b[r]; row R: what all photons have in common.
template <class Real>
struct PixelSums {
  Means means;
  Model<Real> model;
  const int64_t* photons;
  MOTES_HD double operator()(int64_t row, int64_t i) const {
    if (row == model.n_templates) return static_cast<double>(photons[i]) * model.common[i];
    return means.is_good(i) ? model.base[means.place(row, i)] : 0.0;
  }
};

// One block: the mean of b[r], then all bases.
template <class Real>
struct Bases {
  static constexpr int kThreads = kSummands;
  struct Thread {};

  Model<Real> model;
  const double* prior;  // (R) probabilities; null: ln prior = 0
  bool centred;

  int64_t blocks() const { return 1; }
  int64_t shared_bytes() const { return kThreads * sizeof(double); }
  MOTES_HD double* shared(unsigned char* memory) const { return reinterpret_cast<double*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 2 + kTreePhases; }

  MOTES_HD void phase(int64_t k, const Spot& at, double* const& partial, Thread&) const {
    const int64_t n = model.n_templates;
    if (k == 0) {
      double sum = 0;
      for (int64_t r = at.thread; r < n; r += at.threads) sum += model.totals[r];
      partial[at.thread] = sum;
    } else if (k <= kTreePhases) {
      climb_tree(k, at.thread, partial);
    } else {
      const double common = centred ? partial[0] / static_cast<double>(n) : 0.0;
      if (at.thread == 0) model.totals[n + 1] = common;
      for (int64_t r = at.thread; r < model.n_panels() * kWidth; r += at.threads)
        model.rows[r / kWidth].at[r % kWidth] = r < n ? base(r, common) : -static_cast<Real>(HUGE_VAL);
    }
  }

 private:
  MOTES_HD Real base(int64_t r, double common) const {
    const double own = model.totals[r] - common;
    return static_cast<Real>(prior ? own + log(prior[r]) : own);
  }
};

// photons: (M), of all the patterns that will be swept, at good pixels; in device memory, as is the prior. Without them
// nothing is taken out, and weights and bases are those of each template alone.
template <class Real, class Queue>
void set_model(Queue& queue, const Means& means, Noise noise, const double* prior, const int64_t* photons,
               const Model<Real>& model) {
  const bool centred = photons && noise != Noise::kSquares;
  for_each(queue, means.n_values, Logarithms{means, noise, model.weight, model.base});
  for_each(queue, means.n_pixels, PixelOfTemplates<Real>{means, model, centred});
  sum_rows(queue, means.n_templates + (photons ? 1 : 0), means.n_pixels, model.totals, PixelSums<Real>{means, model, photons});
  queue.launch(Bases<Real>{model, prior, centred});
}

}  // namespace motes::cuda
