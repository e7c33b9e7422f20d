// A master as its templates, and planes turned home: motes_expand and motes_rotate_home, with their bits.
//
// bytes    8 read and 8 written for each pixel of a template, and 4 of the index (home: 8); neighbouring threads write
//          neighbouring places, and read at random within one plane
#pragma once
#include <cstddef>
#include <vector>

#include "cuda/queue.hpp"

namespace motes::cuda {

struct Expand {
  const double* master;
  const int32_t* index;  // (R, M)
  int64_t n_templates, n_pixels;
  double* templates;  // (M, R)
  MOTES_HD void operator()(int64_t at) const {
    templates[at] = master[index[at % n_templates * n_pixels + at / n_templates]];
  }
};

// Where the photons of each pixel of the master are, in the order in which the CPU adds them up: template after template.
struct Sources {
  std::vector<int64_t> begin, place;  // (M + 1); (R M) places in planes (M, R)

  Sources(const int32_t* index, int64_t n_templates, int64_t n_pixels)
      : begin(static_cast<std::size_t>(n_pixels) + 1), place(static_cast<std::size_t>(n_templates * n_pixels)) {
    for (int64_t k = 0; k < n_templates * n_pixels; ++k) ++begin[static_cast<std::size_t>(index[k]) + 1];
    for (std::size_t j = 1; j < begin.size(); ++j) begin[j] += begin[j - 1];
    std::vector<int64_t> next(begin);
    for (int64_t r = 0; r < n_templates; ++r)
      for (int64_t i = 0; i < n_pixels; ++i) {
        const auto j = static_cast<std::size_t>(index[r * n_pixels + i]);
        place[static_cast<std::size_t>(next[j]++)] = i * n_templates + r;
      }
  }
};

struct RotateHome {
  const double* planes;  // (M, R)
  const int64_t *begin, *place;
  double* master;
  MOTES_HD void operator()(int64_t j) const {
    double sum = 0;
    for (int64_t k = begin[j]; k < begin[j + 1]; ++k) sum += planes[place[k]];
    master[j] = sum;
  }
};

template <class Queue>
void expand(Queue& queue, const double* master, const int32_t* index, int64_t n_templates, int64_t n_pixels,
            double* templates) {
  const int64_t n = n_templates * n_pixels;
  for_each(queue, n, Expand{master, queue.upload(index, n), n_templates, n_pixels, templates});
}

template <class Queue>
void rotate_home(Queue& queue, const double* planes, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                 double* master) {
  const Sources sources(index, n_templates, n_pixels);
  const auto* const begin = queue.upload(sources.begin.data(), n_pixels + 1);
  const auto* const place = queue.upload(sources.place.data(), n_templates * n_pixels);
  for_each(queue, n_pixels, RotateHome{planes, begin, place, master});
}

}  // namespace motes::cuda
