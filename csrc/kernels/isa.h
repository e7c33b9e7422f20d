// The namespace of the instruction set that this copy of the kernels is compiled for, and the width of its registers.
//
// Kernels are compiled once per instruction set. Whatever they share sits in unnamed namespaces and plain C headers: a
// shared inline function emitted here with AVX-512 code could be the copy that the linker keeps for everybody.
#pragma once
#include <stdint.h>

#include "motes/motes.h"

#ifndef MOTES_ISA
#define MOTES_ISA baseline
#endif

namespace motes {

struct Lane {
  int64_t begin, end;  // patterns
};

// R templates as panels [n_panels][n_pixels][width], the rows of the last one `last` wide; rows are aligned to their size,
// and `base` is -inf in the padding.
template <class Real>
struct Panels {
  const Real* table;
  const Real* base;  // n_panels * width
  int64_t n_templates, n_panels, n_pixels;
  int width, last;  // 4, 8 or 16
};

// The patterns that one call of an inner loop takes together: their scores stay in the first-level cache.
constexpr int64_t kMaxBlock = 512;

}  // namespace motes

namespace motes::MOTES_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kRegisterBytes = 64;
#elif defined(__AVX2__)
constexpr int kRegisterBytes = 32;
#else
constexpr int kRegisterBytes = 16;
#endif

}  // namespace
}  // namespace motes::MOTES_ISA
