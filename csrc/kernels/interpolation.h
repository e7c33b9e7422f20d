#pragma once
#include <stdint.h>

namespace motes {

// Templates whose places are computed together.
constexpr int kTurnsInGroup = 8;

// Rotations of an image of side x side pixels. Images are padded by a row and a column, (side + 1)^2, so that a place on
// the last pixel has neighbours to weigh by 0.
struct Turns {
  const double *xx, *xy, *yx, *yy;  // groups of kTurnsInGroup, the last one filled up
  int64_t n_templates, side;
  const double* inside;  // padded: 1 within the disc, else 0
};

}  // namespace motes
