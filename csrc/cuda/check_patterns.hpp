// The wall for patterns whose arrays are on a device: what motes_check_patterns refuses, with its sentences.
#pragma once
#include "cuda/checks.hpp"
#include "dispatch/validate.hpp"

namespace motes::cuda {

struct Descends {
  const int64_t* indptr;
  int64_t last;
  MOTES_HD bool operator()(int64_t p) const { return indptr[p + 1] < indptr[p] || indptr[p + 1] > last; }
};

struct BadMulti {
  const int64_t* position;
  const int32_t* extra;
  MOTES_HD bool operator()(int64_t m) const { return extra[m] < 1 || (m > 0 && position[m] <= position[m - 1]); }
};

// Of the photons of one pattern.
template <class Pixel>
struct BadPhoton {
  const Pixel* pixels;
  int64_t n_pixels;
  MOTES_HD bool operator()(int64_t i) const {
    return static_cast<int64_t>(pixels[i]) >= n_pixels || (i > 0 && pixels[i] <= pixels[i - 1]);
  }
};

template <class Pixel>
struct BadPattern {
  const int64_t* indptr;
  const Pixel* pixels;
  int64_t n_pixels;
  MOTES_HD BadPhoton<Pixel> photons_of(int64_t p) const { return {pixels + indptr[p], n_pixels}; }
  MOTES_HD bool operator()(int64_t p) const {
    const auto bad = photons_of(p);
    const int64_t n = indptr[p + 1] - indptr[p];
    for (int64_t i = 0; i < n; ++i)
      if (bad(i)) return true;
    return false;
  }
};

template <class Queue, class Pixel>
motes_status check_photons(Queue& queue, const motes_patterns& x, const Pixel* pixels, motes_error* error) {
  const int64_t p =
      index_of(queue, look_for(queue, x.n_patterns, BadPattern<Pixel>{x.indptr, pixels, x.n_pixels}));
  if (p == x.n_patterns) return MOTES_OK;
  const int64_t first = queue.read(x.indptr + p), last = queue.read(x.indptr + p + 1);
  const int64_t i = index_of(queue, look_for(queue, last - first, BadPhoton<Pixel>{pixels + first, x.n_pixels}));
  return refuse_photon(p, queue.read(pixels + first + i), x.n_pixels, error);
}

struct AddExtra {
  const int32_t* extra;
  int64_t* sum;
  MOTES_HD void operator()(int64_t m) const { add_fixed(sum, static_cast<int64_t>(extra[m])); }
};

// What is known of patterns that were checked: where their photons begin and end, and how many are beyond the first of
// a pixel.
struct Checked {
  int64_t first, last, n_extra;
};

// Waits. Where the queue is not fine, nothing was checked.
template <class Queue>
motes_status check(Queue& queue, const motes_patterns* patterns, Checked* found, motes_error* error) {
  if (const auto bad = validate_extents(patterns, error)) return bad;
  const auto& x = *patterns;
  *found = {queue.read(x.indptr), queue.read(x.indptr + x.n_patterns), 0};
  if (const auto bad = validate_ends(x, found->first, found->last, error)) return bad;
  auto* const n_extra = queue.template array<int64_t>(1);
  queue.zero(n_extra, 1);
  const auto descents = look_for(queue, x.n_patterns, Descends{x.indptr, found->last});
  const auto multis = look_for(queue, x.n_multi, BadMulti{x.multi_position, x.multi_extra});
  for_each(queue, x.n_multi, AddExtra{x.multi_extra, n_extra});
  const int64_t p = index_of(queue, descents);
  if (p < x.n_patterns) return refuse_descent(p, error);
  const int64_t m = index_of(queue, multis);
  if (m < x.n_multi) return refuse_multi(m, queue.read(x.multi_extra + m), error);
  found->n_extra = queue.read(n_extra);
  const auto photons = [&]<class Pixel>(const Pixel* pixels) { return check_photons(queue, x, pixels, error); };
  return x.pixel_bytes == 2 ? photons(static_cast<const uint16_t*>(x.pixels))
                            : photons(static_cast<const uint32_t*>(x.pixels));
}

}  // namespace motes::cuda
