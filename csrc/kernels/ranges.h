// Which numbers are allowed: sums and squares of them stay finite.
#pragma once
#include "kernels/host_device.h"
#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

constexpr double kLargest = 1e20, kSmallestSize = 1e-30;

MOTES_HD inline bool is_number(double value) { return (value <= kLargest) & (value >= -kLargest); }

// Of radii, widths, heights; with a margin for float32.
MOTES_HD inline bool is_size(double value) { return (value >= kSmallestSize * 0.999999) & (value <= kLargest); }

}  // namespace
}  // namespace motes::MOTES_ISA
