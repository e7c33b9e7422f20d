#pragma once

namespace motes::cuda {

// The arrays of patterns that are being built.
enum class PatternsPart { indptr, pixels, multi_position, multi_extra };

}  // namespace motes::cuda
