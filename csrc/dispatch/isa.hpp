// The one place that knows instruction sets: which were compiled, which this machine has, which is in use.
#pragma once
#include "kernels/isa.h"

namespace motes {

enum class Isa { baseline = 0, v3 = 1, v4 = 2 };

bool isa_available(Isa isa);

// The best that this machine has, or what MOTES_ISA in the environment names (if it is available); read once.
Isa isa_in_use();

}  // namespace motes

#if defined(MOTES_X86_LEVELS)
#define MOTES_KERNEL(result, name, ...)                    \
  namespace motes::baseline { result name(__VA_ARGS__); }  \
  namespace motes::v3 { result name(__VA_ARGS__); }        \
  namespace motes::v4 { result name(__VA_ARGS__); }
#define MOTES_CHOOSE(name)                                                             \
  (::motes::isa_in_use() == ::motes::Isa::v4   ? &::motes::v4::name                    \
   : ::motes::isa_in_use() == ::motes::Isa::v3 ? &::motes::v3::name                    \
                                               : &::motes::baseline::name)
#else
#define MOTES_KERNEL(result, name, ...) \
  namespace motes::baseline { result name(__VA_ARGS__); }
#define MOTES_CHOOSE(name) (&::motes::baseline::name)
#endif
