#pragma once
#include "kernels/circles.h"

namespace motes {

// One worker's memory for the largest micrograph.
struct SuppressionMemory {
  CellsMemory cells;
  GridMemory grid;
  Ranked *ranked, *spare;
  double* pushed;  // soft suppression: the score by which a circle stands in the heap
  int32_t* heap;
};

struct MapMemory {
  Ranked *ranked, *spare;  // height * width
  uint8_t* taken;          // height * width
  int64_t* half_width;     // height + 1
};

struct SoftRule {
  motes_decay decay;
  double parameter, min_score;
};

}  // namespace motes
