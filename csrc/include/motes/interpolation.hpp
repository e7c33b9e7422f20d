// Interpolation: a square image turned by any angle about its centre, within its inscribed disc, and the transpose.
//
//     templates[i, r] = sum_j A_r[i, j] master[j]                     interpolate
//     master[j]       = sum_r sum_i A_r[i, j] planes[i, r]            interpolate_home: the transpose
//
// The disc holds the pixels whose centres are no farther than (L-1)/2 from the centre of the L x L image, a whole-number
// comparison. At a pixel i of the disc, (x, y) columns and rows from the centre, A_r[i, .] are the bilinear weights of the
// four pixels around Q_r (x, y), those beyond the disc left out and the others divided by their sum: at least one is left.
// Elsewhere A_r is 0, and neither master nor planes are read.
//
// Q_r       (2, 2) orthogonal: rotations, or these after a mirror image; products of its entries may miss 0 and 1 by 1e-9
// master    (L, L) float64
// templates, planes  (L * L, R) float64, pixel-major
// error     a sum of products in float64: the weights, from 0 to 1, are right to 1e-15 L (what a coordinate's last bit
//           moves), and those of interpolate and of interpolate_home are the same bits. Where Q_r x is whole, as in
//           quarter turns, so are the weights: exact copies. The same bits for any number of threads and on every
//           instruction set: the rows of the detector are cut into bands by L and R alone, and the bands' sums added in
//           their order
// cost      a pixel of a template: one 8-byte load or store, 4 loads (and, home, additions and stores) of the master,
//           some 20 operations on its coordinates; no table of weights is kept, whose 40 bytes would have to be read instead
// memory    two images; home, up to 16, one for each band
#pragma once
#include "motes/error.hpp"

namespace motes {

inline void interpolate(std::span<const double> master, std::span<const double> turns, int64_t side,
                        std::span<double> templates, const motes_run* run = nullptr) {
  const auto n_templates = static_cast<int64_t>(turns.size() / 4);
  check_extent("turns", turns.size(), 4 * n_templates);
  check_extent("master", master.size(), side * side);
  check_extent("templates", templates.size(), side * side * n_templates);
  motes_error error;
  check(motes_interpolate(master.data(), turns.data(), n_templates, side, templates.data(), run, &error), error);
}

inline void interpolate_home(std::span<const double> planes, std::span<const double> turns, int64_t side,
                             std::span<double> master, const motes_run* run = nullptr) {
  const auto n_templates = static_cast<int64_t>(turns.size() / 4);
  check_extent("turns", turns.size(), 4 * n_templates);
  check_extent("planes", planes.size(), side * side * n_templates);
  check_extent("master", master.size(), side * side);
  motes_error error;
  check(motes_interpolate_home(planes.data(), turns.data(), n_templates, side, master.data(), run, &error), error);
}

}  // namespace motes
