// Parts and totals of a container of patterns.
#include <algorithm>
#include <cstring>
#include <vector>

#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, total_image, const motes_patterns&, int64_t*, Lane)

namespace motes {
namespace {

struct MultiRange {
  int64_t first, last;
};

MultiRange multi_of(const motes_patterns& x, int64_t p) {
  if (x.n_multi == 0) return {0, 0};
  const auto* begin = x.multi_position;
  const auto* end = begin + x.n_multi;
  return {std::lower_bound(begin, end, x.indptr[p]) - begin, std::lower_bound(begin, end, x.indptr[p + 1]) - begin};
}

}  // namespace
}  // namespace motes

motes_status motes_take_count(const motes_patterns* patterns, const int64_t* which, int64_t n_which, int64_t* n_lit,
                              int64_t* n_multi, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_which(which, n_which, patterns->n_patterns, error)) return bad;
  if (!n_lit || !n_multi) return refuse(error, -1, "n_lit, n_multi: null pointer");
  *n_lit = *n_multi = 0;
  for (int64_t k = 0; k < n_which; ++k) {
    *n_lit += patterns->indptr[which[k] + 1] - patterns->indptr[which[k]];
    const auto multi = multi_of(*patterns, which[k]);
    *n_multi += multi.last - multi.first;
  }
  return MOTES_OK;
}

motes_status motes_take(const motes_patterns* patterns, const int64_t* which, int64_t n_which, int64_t* indptr,
                        void* pixels, int64_t* multi_position, int32_t* multi_extra, const motes_run* run,
                        motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_run(run, error)) return bad;
  int64_t n_lit = 0, n_multi = 0;
  if (const auto bad = motes_take_count(patterns, which, n_which, &n_lit, &n_multi, error)) return bad;
  if (const auto bad = validate_pointer("indptr", indptr, 1, error)) return bad;
  if (const auto bad = validate_pointer("pixels", pixels, n_lit, error)) return bad;
  if (const auto bad = validate_pointer("multi_position", multi_position, n_multi, error)) return bad;
  if (const auto bad = validate_pointer("multi_extra", multi_extra, n_multi, error)) return bad;
  const auto& x = *patterns;
  int64_t next_multi = 0;
  indptr[0] = 0;
  for (int64_t k = 0; k < n_which; ++k) {
    indptr[k + 1] = indptr[k] + x.indptr[which[k] + 1] - x.indptr[which[k]];
    const auto multi = multi_of(x, which[k]);
    for (int64_t m = multi.first; m < multi.last; ++m, ++next_multi) {
      multi_position[next_multi] = x.multi_position[m] - x.indptr[which[k]] + indptr[k];
      multi_extra[next_multi] = x.multi_extra[m];
    }
  }
  if (n_lit == 0) return MOTES_OK;  // nothing to copy, and perhaps no pointer
  const auto* from = static_cast<const char*>(x.pixels);
  auto* to = static_cast<char*>(pixels);
  return guarded(error, [&] {
    const int workers = workers_for(lanes_in(n_which, kPatternsPerLane), run);
    return for_each_lane(n_which, kPatternsPerLane, workers, run, [&](Lane lane, int) {
      for (int64_t k = lane.begin; k < lane.end; ++k)
        std::memcpy(to + indptr[k] * x.pixel_bytes, from + x.indptr[which[k]] * x.pixel_bytes,
                    static_cast<size_t>((indptr[k + 1] - indptr[k]) * x.pixel_bytes));
    });
  });
}

motes_status motes_total_image(const motes_patterns* patterns, int64_t* photons, const motes_run* run,
                               motes_error* error) {
  using namespace motes;
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_pointer("photons", photons, patterns->n_pixels, error)) return bad;
  return guarded(error, [&] {
    const int n_workers = workers_for(lanes_in(patterns->n_patterns, kPatternsPerLane), run);
    std::vector<Buffer<int64_t>> totals;
    for (int w = 0; w < n_workers; ++w) totals.emplace_back(patterns->n_pixels);
    const auto status = for_each_lane(patterns->n_patterns, kPatternsPerLane, n_workers, run, [&](Lane lane, int w) {
      MOTES_CHOOSE(total_image)(*patterns, totals[static_cast<size_t>(w)].get(), lane);
    });
    if (status) return status;
    std::fill_n(photons, patterns->n_pixels, 0);
    for (const auto& total : totals)
      for (int64_t i = 0; i < patterns->n_pixels; ++i) photons[i] += total[i];
    for (int64_t m = 0; m < patterns->n_multi; ++m) {
      const int64_t at = patterns->multi_position[m];
      if (at < patterns->indptr[0] || at >= patterns->indptr[patterns->n_patterns]) continue;
      const int64_t pixel = patterns->pixel_bytes == 2 ? static_cast<const uint16_t*>(patterns->pixels)[at]
                                                       : static_cast<const uint32_t*>(patterns->pixels)[at];
      photons[pixel] += patterns->multi_extra[m];
    }
    return MOTES_OK;
  });
}
