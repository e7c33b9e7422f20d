// Templates laid out for the kernels: [M][R] at the interface, panels [n_panels][M][width] inside. The last panel is as
// wide as what is left for it asks for: with 36 templates, rows of 16, 16 and 4.
#pragma once
#include <cstdint>
#include <limits>

#include "dispatch/buffer.hpp"
#include "dispatch/guarded.hpp"
#include "kernels/isa.h"

namespace motes {

struct PanelShape {
  explicit PanelShape(int64_t n_templates) {
    while (width < 16 && width < n_templates) width *= 2;
    n_panels = (n_templates + width - 1) / width;
    while (last < n_templates - (n_panels - 1) * width) last *= 2;
  }
  int64_t stride() const { return n_panels * width; }  // templates, padded
  int width = 4, last = 4;
  int64_t n_panels = 1;
};

// Where template r of pixel i stands.
inline int64_t panel_offset(const PanelShape& shape, int64_t n_pixels, int64_t pixel, int64_t r) {
  const int64_t panel = r / shape.width;
  return panel * n_pixels * shape.width + pixel * (panel == shape.n_panels - 1 ? shape.last : shape.width) + r % shape.width;
}

template <class Real>
class PackedTemplates {
 public:
  template <class Given>
  PackedTemplates(const Given* weights, const Given* base, int64_t n_templates, int64_t n_pixels)
      : shape_(n_templates), table_(shape_.stride() * n_pixels), base_(shape_.stride()) {
    for (int64_t r = 0; r < shape_.stride(); ++r)
      base_[r] = r < n_templates ? (base ? static_cast<Real>(base[r]) : Real(0)) : -std::numeric_limits<Real>::infinity();
    for (int64_t i = 0; i < n_pixels; ++i)
      for (int64_t r = 0; r < n_templates; ++r)
        table_[panel_offset(shape_, n_pixels, i, r)] = static_cast<Real>(weights[i * n_templates + r]);
    panels = {table_.get(), base_.get(), n_templates, shape_.n_panels, n_pixels, shape_.width,
              shape_.last};
  }
  const PanelShape& shape() const { return shape_; }
  Panels<Real> panels;

 private:
  PanelShape shape_;
  Buffer<Real> table_, base_;
};

// Scratch for the scores of one block of patterns, rows padded for whole registers.
inline int64_t block_scratch(const PanelShape& shape) { return (kMaxBlock + 16) * shape.stride(); }

}  // namespace motes
