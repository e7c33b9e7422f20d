// The launches of a sweep over templates and sums in device memory, and over templates of the host, in parts that fit.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "cuda/likelihood.hpp"
#include "cuda/panels.hpp"
#include "cuda/runs.hpp"
#include "cuda/sweep.hpp"

namespace motes::cuda {

template <class Real, class Pixel, class Queue>
void in_one_pass(Queue& queue, const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, bool hard,
                 const Sums& sums) {
  const auto source = [&]<bool Staged>() { return Responsibilities<Real, Staged>{templates, hard}; };
  accumulate(queue, patterns, source, sums, templates.n_templates);
}

// Adds what patterns put on some of the templates, the first of them in panel `first`, whose amounts are in `rows`.
template <class Real, class Pixel, class Queue>
void add_amounts(Queue& queue, const PatternsOn<Pixel>& patterns, const Real* rows, int64_t n_panels, int64_t first,
                 int64_t n_templates, const Sums& sums) {
  using Amount = typename Fixed<Real>::Amount;
  const auto* amounts = reinterpret_cast<const Four<Amount>*>(rows) + first;
  const auto source = [&]<bool>() { return Rows<Amount>{amounts, n_panels}; };
  accumulate(queue, patterns, source, sums, n_templates);
}

// `scores`: of no use for up to four templates.
template <class Real, class Pixel, class Queue>
void sweep_through(Queue& queue, const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, bool hard,
                   const Sums& sums, const RoomForRows<Real>& scores) {
  if (templates.n_panels == 1) return in_one_pass(queue, patterns, templates, hard, sums);
  const int64_t stride = templates.n_panels * kWidth, n_templates = templates.n_templates;
  in_runs_of(scores.n, patterns, [&](const PatternsOn<Pixel>& some, int64_t) {
    score_rows(queue, some, templates, scores.rows, stride);
    queue.launch(SoftmaxRows<Real>{scores.rows, some.n_patterns, stride, n_templates,
                                   hard ? Row::kWinner : Row::kAmounts, sums, nullptr, nullptr});
    add_amounts(queue, some, scores.rows, templates.n_panels, 0, n_templates, sums);
  });
}

// Templates and sums that are in memory at once, in panels of both, and the patterns whose scores are.
struct Share {
  int64_t n_panels, n_patterns, n_pixels, all_panels;

  template <class Real>
  int64_t template_bytes() const {
    return round_up(n_panels * (1 + n_pixels) * static_cast<int64_t>(sizeof(Four<Real>)));
  }
  int64_t sum_bytes() const { return round_up(8 * SumsBlock{n_pixels, n_panels * kWidth}.size()); }
  template <class Real>
  int64_t bytes() const {
    const int64_t rows = all_panels == 1 ? 0 : n_patterns * all_panels * kWidth * static_cast<int64_t>(sizeof(Real));
    return template_bytes<Real>() + sum_bytes() + rows;
  }

 private:
  static int64_t round_up(int64_t bytes) { return (bytes + 63) / 64 * 64; }
};

// Halves the patterns, then the panels, until there is room; the least of all is refused as the queue refuses it.
template <class Real, class Queue>
unsigned char* share_that_fits(Queue& queue, Share* share) {
  for (;;) {
    const bool fewer_patterns = share->all_panels > 1 && share->n_patterns / 2 >= kFewestRows;
    if (!fewer_patterns && share->n_panels == 1) return queue.template array<unsigned char>(share->template bytes<Real>());
    if (auto* const room = queue.template array_if_fits<unsigned char>(share->template bytes<Real>())) return room;
    if (!queue.fine()) return nullptr;
    if (fewer_patterns)
      share->n_patterns /= 2;
    else
      share->n_panels = (share->n_panels + 1) / 2;
  }
}

// Over templates of the host; `numbers`: a SumsBlock of them all, in the host's memory. Where not all templates and sums fit
// beside the patterns, groups of panels take turns, and each group scores all patterns again.
template <class Real, class Pixel, class Queue>
void sweep_in_turns(Queue& queue, const PatternsOn<Pixel>& patterns, const std::shared_ptr<const Panels<Real>>& given,
                    bool hard, int64_t* numbers) {
  const Panels<Real>& panels = *given;
  const int64_t all = panels.n_panels(), stride = all * kWidth, n_pixels = patterns.n_pixels;
  Share share{all, most_rows<Real>(patterns.n_patterns, stride), n_pixels, all};
  unsigned char* const room = share_that_fits<Real>(queue, &share);
  if (!queue.fine()) return;
  auto* const table = reinterpret_cast<Four<Real>*>(room);
  auto* const memory = reinterpret_cast<int64_t*>(room + share.template template_bytes<Real>());
  auto* const rows = reinterpret_cast<Real*>(room + share.template template_bytes<Real>() + share.sum_bytes());
  const SumsBlock whole{n_pixels, panels.n_templates()};
  const Sums found = whole.at(numbers);
  std::fill_n(numbers, whole.size(), int64_t{0});
  int64_t loaded = -1;
  const auto load = [&](int64_t first) {
    const int64_t n = std::min(share.n_panels, all - first);
    if (first != loaded) {
      queue.put(table, panels.bases() + first, n, given);
      queue.put(table + n, panels.tables() + first * n_pixels, n * n_pixels, given);
    }
    loaded = first;
    return Templates<Real>{table + n, table, std::min(n * kWidth, panels.n_templates() - first * kWidth), n, n_pixels};
  };
  for (int64_t first = 0; first < all; first += share.n_panels) {
    const int64_t n = std::min(share.n_panels * kWidth, whole.n_templates - first * kWidth);
    const SumsBlock part{n_pixels, n};
    const Sums sums = part.at(memory), counted = first == 0 ? sums : Sums{};
    queue.zero(memory, part.size());
    if (all == 1) in_one_pass(queue, patterns, load(0), hard, sums);
    if (all > 1)
      in_runs_of(share.n_patterns, patterns, [&](const PatternsOn<Pixel>& some, int64_t) {
        for (int64_t h = 0; h < all; h += share.n_panels)
          score_rows(queue, some, load(h), rows + h * kWidth, stride);
        queue.launch(SoftmaxRows<Real>{rows, some.n_patterns, stride, whole.n_templates,
                                       hard ? Row::kWinner : Row::kAmounts, counted, nullptr, nullptr});
        add_amounts(queue, some, rows, all, first, n, sums);
      });
    std::vector<int64_t> here(static_cast<std::size_t>(part.size()));
    queue.download(memory, part.size(), here.data());
    if (!queue.fine()) return;
    const Sums of_part = part.at(here.data());
    for (int64_t i = 0; i < n_pixels; ++i)
      std::copy_n(of_part.planes + i * n, n, found.planes + i * whole.n_templates + first * kWidth);
    std::copy_n(of_part.weights, n, found.weights + first * kWidth);
    if (first == 0) std::copy_n(of_part.log_likelihood, 3, found.log_likelihood);
  }
}

}  // namespace motes::cuda
