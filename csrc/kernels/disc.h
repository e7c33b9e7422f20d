// The rows of a disc of pixels: dx^2 + dy^2 <= radius^2.
#pragma once
#include <math.h>

#include "kernels/host_device.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

// Rows above or below the centre that hold pixels, in an image of this height at most.
MOTES_HD inline int64_t disc_reach(double radius, int64_t height) {
  return static_cast<int64_t>(radius < static_cast<double>(height) ? radius : static_cast<double>(height));
}

// Pixels on either side of the centre in row dy; where that is more than the image is wide, at least its width.
MOTES_HD inline int64_t disc_half_width(double radius, int64_t dy, int64_t width) {
  const double rest = radius * radius - static_cast<double>(dy * dy);
  int64_t half = static_cast<int64_t>(rest < static_cast<double>(width * width) ? sqrt(rest) : static_cast<double>(width));
  while (static_cast<double>(half * half) > rest) --half;
  while (static_cast<double>((half + 1) * (half + 1)) <= rest && half < width) ++half;
  return half;
}

}  // namespace
}  // namespace motes::MOTES_ISA
