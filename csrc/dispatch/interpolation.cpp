#include "kernels/interpolation.h"

#include <algorithm>
#include <cmath>

#include "dispatch/buffer.hpp"
#include "dispatch/guarded.hpp"
#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, interpolate, const Turns&, const double*, double*, Lane)
MOTES_KERNEL(void, interpolate_home, const Turns&, const double*, double*, Lane)

namespace motes {
namespace {

constexpr int64_t kMaxSide = int64_t{1} << 15;  // a padded image has fewer than 2^31 pixels
constexpr int64_t kMaxBands = 16;

motes_status validate_turns(const double* turns, int64_t n_templates, int64_t side, motes_error* error) {
  if (side < 0 || side > kMaxSide)
    return refuse(error, -1, "side: expected 0 to %lld pixels, got %lld", static_cast<long long>(kMaxSide),
                  static_cast<long long>(side));
  if (const auto bad = validate_templates("turns", n_templates, side * side, error)) return bad;
  if (const auto bad = validate_pointer("turns", turns, 4 * n_templates, error)) return bad;
  for (int64_t r = 0; r < n_templates; ++r) {
    const double* q = turns + 4 * r;
    const double off = std::max({std::abs(q[0] * q[0] + q[1] * q[1] - 1), std::abs(q[2] * q[2] + q[3] * q[3] - 1),
                                 std::abs(q[0] * q[2] + q[1] * q[3])});
    const bool finite = std::isfinite(q[0]) && std::isfinite(q[1]) && std::isfinite(q[2]) && std::isfinite(q[3]);
    if (!finite || !(off <= 1e-9))
      return refuse(error, r, "turns: expected rotations, got ((%g, %g), (%g, %g)) at index %lld", q[0], q[1], q[2], q[3],
                    static_cast<long long>(r));
  }
  return MOTES_OK;
}

// What the kernels read of rotations, and of the disc.
class Prepared {
 public:
  Prepared(const double* given, int64_t n_templates, int64_t side)
      : entries_(4 * padded(n_templates)), inside_((side + 1) * (side + 1)) {
    const int64_t stride = padded(n_templates);
    for (int64_t r = 0; r < n_templates; ++r)
      for (int64_t e = 0; e < 4; ++e) entries_[e * stride + r] = given[4 * r + e];
    const int64_t most = side - 1;
    for (int64_t row = 0; row < side; ++row)
      for (int64_t column = 0; column < side; ++column) {
        const int64_t x = 2 * column - most, y = 2 * row - most;
        inside_[row * (side + 1) + column] = x * x + y * y <= most * most ? 1.0 : 0.0;
      }
    double* const q = entries_.get();
    turns = {q, q + stride, q + 2 * stride, q + 3 * stride, n_templates, side, inside_.get()};
  }
  bool inside(int64_t row, int64_t column) const { return inside_[row * (turns.side + 1) + column] != 0; }
  Turns turns;

 private:
  static int64_t padded(int64_t n) { return (n + kTurnsInGroup - 1) / kTurnsInGroup * kTurnsInGroup; }
  Buffer<double> entries_, inside_;
};

// The bands of rows whose sums are apart: more would cost more to add up than they save.
int64_t rows_of_band(int64_t side, int64_t n_templates) {
  const int64_t bands = std::clamp<int64_t>(n_templates / 2, 1, kMaxBands);
  return std::max<int64_t>(1, (side + bands - 1) / bands);
}

}  // namespace
}  // namespace motes

motes_status motes_interpolate(const double* master, const double* turns, int64_t n_templates, int64_t side,
                               double* templates, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_turns(turns, n_templates, side, error)) return bad;
  if (const auto bad = validate_pointer("master", master, side * side, error)) return bad;
  if (const auto bad = validate_pointer("templates", templates, side * side * n_templates, error)) return bad;
  return guarded(error, [&] {
    const Prepared prepared(turns, n_templates, side);
    const Buffer<double> padded((side + 1) * (side + 1));
    for (int64_t row = 0; row < side; ++row)
      for (int64_t column = 0; column < side; ++column)
        if (prepared.inside(row, column)) padded[row * (side + 1) + column] = master[row * side + column];
    const int64_t per_band = rows_of_band(side, n_templates);
    const auto kernel = MOTES_CHOOSE(interpolate);
    return for_each_lane(side, per_band, workers_for(lanes_in(side, per_band), run), run,
                         [&](Lane rows, int) { kernel(prepared.turns, padded.get(), templates, rows); });
  });
}

motes_status motes_interpolate_home(const double* planes, const double* turns, int64_t n_templates, int64_t side,
                                    double* master, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_turns(turns, n_templates, side, error)) return bad;
  if (const auto bad = validate_pointer("planes", planes, side * side * n_templates, error)) return bad;
  if (const auto bad = validate_pointer("master", master, side * side, error)) return bad;
  return guarded(error, [&] {
    const Prepared prepared(turns, n_templates, side);
    const int64_t per_band = rows_of_band(side, n_templates), n_bands = lanes_in(side, per_band);
    const int64_t size = (side + 1) * (side + 1);
    const Buffer<double> homes(n_bands * size);
    const auto kernel = MOTES_CHOOSE(interpolate_home);
    const auto status = for_each_lane(side, per_band, workers_for(n_bands, run), run, [&](Lane rows, int) {
      kernel(prepared.turns, planes, homes.get() + rows.begin / per_band * size, rows);
    });
    if (status) return status;
    for (int64_t row = 0; row < side; ++row)
      for (int64_t column = 0; column < side; ++column) {
        double sum = 0;
        if (prepared.inside(row, column))
          for (int64_t band = 0; band < n_bands; ++band) sum += homes[band * size + row * (side + 1) + column];
        master[row * side + column] = sum;
      }
    return MOTES_OK;
  });
}
