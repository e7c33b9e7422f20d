// R templates, (M, R) weights and (R) bases, as the panels of four that kernels take: in host memory.
#pragma once
#include <cstddef>
#include <limits>
#include <vector>

#include "cuda/score.hpp"

namespace motes::cuda {

template <class Real>
class Panels {
 public:
  // base nullptr: 0.
  Panels(const Real* weights, const Real* base, int64_t n_templates, int64_t n_pixels)
      : n_templates_(n_templates),
        n_panels_(panels_of(n_templates)),
        n_pixels_(n_pixels),
        rows_(static_cast<std::size_t>(n_panels_ * (1 + n_pixels))) {
    for (int64_t r = 0; r < n_panels_ * kWidth; ++r) {
      const bool padding = r >= n_templates;
      row(r / kWidth).at[r % kWidth] = padding ? -std::numeric_limits<Real>::infinity() : base ? base[r] : Real(0);
      for (int64_t i = 0; i < n_pixels; ++i)
        row(n_panels_ + r / kWidth * n_pixels + i).at[r % kWidth] = padding ? Real(0) : weights[i * n_templates + r];
    }
  }

  // The bases of all panels, then the tables of all.
  const Four<Real>* data() const { return rows_.data(); }
  int64_t bytes() const { return static_cast<int64_t>(rows_.size() * sizeof(Four<Real>)); }
  const Four<Real>* bases() const { return rows_.data(); }
  const Four<Real>* tables() const { return rows_.data() + n_panels_; }
  int64_t n_templates() const { return n_templates_; }
  int64_t n_panels() const { return n_panels_; }
  // What kernels take where `rows` is a copy of data().
  Templates<Real> at(const Four<Real>* rows) const {
    return {rows + n_panels_, rows, n_templates_, n_panels_, n_pixels_};
  }

 private:
  Four<Real>& row(int64_t k) { return rows_[static_cast<std::size_t>(k)]; }

  int64_t n_templates_, n_panels_, n_pixels_;
  std::vector<Four<Real>> rows_;
};

}  // namespace motes::cuda
