// Photons of each pixel, over all patterns: each block adds those of its photons up in shared memory where the detector
// fits there (one shared-memory atomic a photon), else in device memory. Whole numbers: no order shows.
//
// bytes    2 a photon (4 beyond 65,536 pixels), and 12 for each pixel of several photons
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/patterns.hpp"
#include "cuda/queue.hpp"

namespace motes::cuda {

template <class Pixel>
struct AddPhotons {
  static constexpr int kThreads = 256, kEach = 256, kTile = kThreads * kEach;
  static constexpr int64_t kMostPixels = 8192;  // so that several blocks share a multiprocessor
  struct Thread {};
  PatternsOn<Pixel> patterns;
  int64_t n_lit;
  int64_t* photons;

  MOTES_HD bool staged() const { return patterns.n_pixels <= kMostPixels; }
  int64_t blocks() const { return blocks_for(n_lit, kTile); }
  int64_t shared_bytes() const { return staged() ? patterns.n_pixels * static_cast<int64_t>(sizeof(uint32_t)) : 0; }
  MOTES_HD uint32_t* shared(unsigned char* memory) const { return reinterpret_cast<uint32_t*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, uint32_t* const& own, Thread&) const {
    if (k == 1) {
      const int64_t first = patterns.indptr[0] + at.block * kTile, left = patterns.indptr[0] + n_lit - first;
      for (int64_t i = at.thread; i < kTile && i < left; i += kThreads) {
        const Pixel pixel = patterns.pixels[first + i];
        if (staged()) add_fixed(own + pixel, 1u);
        else add_fixed(photons + pixel, int64_t{1});
      }
    } else if (staged()) {
      for (int64_t i = at.thread; i < patterns.n_pixels; i += kThreads) {
        if (k == 0) own[i] = 0;
        else if (own[i]) add_fixed(photons + i, int64_t{own[i]});
      }
    }
  }
};

template <class Pixel>
struct AddExtra {
  PatternsOn<Pixel> patterns;
  int64_t* photons;
  MOTES_HD void operator()(int64_t m) const {
    const int64_t position = patterns.multi_position[m];
    if (position >= patterns.indptr[0] && position < patterns.indptr[patterns.n_patterns])
      add_fixed(photons + patterns.pixels[position], int64_t{patterns.multi_extra[m]});
  }
};

template <class Queue, class Pixel>
void total_image(Queue& queue, const PatternsOn<Pixel>& patterns, int64_t n_lit, int64_t* photons) {
  queue.zero(photons, patterns.n_pixels);
  queue.launch(AddPhotons<Pixel>{patterns, n_lit, photons});
  for_each(queue, patterns.n_multi, AddExtra<Pixel>{patterns, photons});
}

}  // namespace motes::cuda
