// The launches of a sweep over templates and sums in device memory, and over templates of the host, in parts that fit.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "cuda/likelihood.hpp"
#include "cuda/panels.hpp"
#include "cuda/queue.hpp"
#include "cuda/sweep.hpp"

namespace motes::cuda {

// Patterns whose scores are in memory at once, where there are more than four templates: as many as fit this, and half
// as many as long as the device has no room for them.
constexpr int64_t kScoreBytes = int64_t{1} << 30;
constexpr int64_t kFewest = 1024;

inline int64_t most_rows(int64_t row_bytes, int64_t n_patterns) {
  return std::clamp(kScoreBytes / row_bytes, kFewest, std::max(kFewest, n_patterns));
}

// Room for the scores of `n` patterns, each a row of whole panels.
template <class Real>
struct ScoreRows {
  Real* rows;
  int64_t n;
};

template <class Real, class Queue>
ScoreRows<Real> score_rows_that_fit(Queue& queue, int64_t n_panels, int64_t n_patterns) {
  const int64_t stride = n_panels * kWidth;
  int64_t n = most_rows(stride * static_cast<int64_t>(sizeof(Real)), n_patterns);
  for (; n / 2 >= kFewest; n /= 2)
    if (auto* const rows = queue.template array_if_it_fits<Real>(n * stride)) return {rows, n};
  return {queue.template array<Real>(n * stride), n};
}

// All sums in one piece of memory: planes, weights, nats, impossible patterns.
struct Block {
  int64_t n_pixels, n_templates;

  int64_t size() const { return n_templates * (n_pixels + 1) + 3; }
  Sums at(int64_t* memory) const {
    int64_t* weights = memory + n_templates * n_pixels;
    return {memory, weights, weights + n_templates, weights + n_templates + 2};
  }
};

// Calls call(some, begin) for `n_each` patterns at a time.
template <class Pixel, class Call>
void in_parts(const PatternsOn<Pixel>& all, int64_t n_each, Call call) {
  for (int64_t begin = 0; begin < all.n_patterns; begin += n_each) {
    PatternsOn<Pixel> some = all;
    some.indptr += begin;
    some.n_patterns = std::min(n_each, all.n_patterns - begin);
    call(some, begin);
  }
}

// Staged where a panel fits the memory of a block, else from and to device memory.
template <template <class, class, bool> class Kernel, class Real, class Pixel, class Queue, class MakeSource>
void accumulate(Queue& queue, MakeSource source, const PatternsOn<Pixel>& patterns, const Sums& sums,
                int64_t n_templates) {
  const int64_t n_panels = (n_templates + kWidth - 1) / kWidth;
  const Kernel<Real, Pixel, true> staged{patterns, source.template operator()<true>(), sums, n_templates, n_panels, 1};
  if (staged.shared_bytes() <= queue.shared_per_block())
    return queue.launch_on_panels(staged, patterns.n_patterns, n_panels);
  const Kernel<Real, Pixel, false> direct{patterns, source.template operator()<false>(), sums, n_templates, n_panels, 1};
  queue.launch_on_panels(direct, patterns.n_patterns, n_panels);
}

template <class Real, class Pixel, class Queue>
void in_one_pass(Queue& queue, const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, bool hard,
                 const Sums& sums) {
  const auto source = [&]<bool Staged>() { return Responsibilities<Real, Staged>{templates, hard}; };
  accumulate<SweepOfFour, Real>(queue, source, patterns, sums, templates.n_templates);
}

// Adds what patterns put on some of the templates, the first of them in panel `first`, whose amounts are in `rows`.
template <class Real, class Pixel, class Queue>
void add_amounts(Queue& queue, const PatternsOn<Pixel>& patterns, const Real* rows, int64_t n_panels, int64_t first,
                 int64_t n_templates, const Sums& sums) {
  using Amount = typename Fixed<Real>::Amount;
  const auto* amounts = reinterpret_cast<const Four<Amount>*>(rows) + first;
  const auto source = [&]<bool>() { return Rows<Amount>{amounts, n_panels}; };
  accumulate<SweepOfRows, Real>(queue, source, patterns, sums, n_templates);
}

// `scores`: of no use for up to four templates.
template <class Real, class Pixel, class Queue>
void sweep_through(Queue& queue, const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, bool hard,
                   const Sums& sums, const ScoreRows<Real>& scores) {
  if (templates.n_panels == 1) return in_one_pass(queue, patterns, templates, hard, sums);
  const int64_t stride = templates.n_panels * kWidth, n_templates = templates.n_templates;
  in_parts(patterns, scores.n, [&](const PatternsOn<Pixel>& some, int64_t) {
    launch_scores(queue, some, templates, scores.rows, stride);
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
  int64_t sum_bytes() const { return round_up(8 * Block{n_pixels, n_panels * kWidth}.size()); }
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
    const bool fewer_patterns = share->all_panels > 1 && share->n_patterns / 2 >= kFewest;
    if (!fewer_patterns && share->n_panels == 1) return queue.template array<unsigned char>(share->template bytes<Real>());
    if (auto* const room = queue.template array_if_it_fits<unsigned char>(share->template bytes<Real>())) return room;
    if (!queue.fine()) return nullptr;
    if (fewer_patterns)
      share->n_patterns /= 2;
    else
      share->n_panels = (share->n_panels + 1) / 2;
  }
}

// Over templates of the host; `numbers`: a Block of them all, in the host's memory. Where not all templates and sums fit
// beside the patterns, groups of panels take turns, and each group scores all patterns again.
template <class Real, class Pixel, class Queue>
void sweep_in_turns(Queue& queue, const PatternsOn<Pixel>& patterns, const std::shared_ptr<const Panels<Real>>& given,
                    bool hard, int64_t* numbers) {
  const Panels<Real>& panels = *given;
  const int64_t all = panels.n_panels(), stride = all * kWidth, n_pixels = patterns.n_pixels;
  Share share{all, most_rows(stride * static_cast<int64_t>(sizeof(Real)), patterns.n_patterns), n_pixels, all};
  unsigned char* const room = share_that_fits<Real>(queue, &share);
  if (!queue.fine()) return;
  auto* const table = reinterpret_cast<Four<Real>*>(room);
  auto* const memory = reinterpret_cast<int64_t*>(room + share.template template_bytes<Real>());
  auto* const rows = reinterpret_cast<Real*>(room + share.template template_bytes<Real>() + share.sum_bytes());
  const Block whole{n_pixels, panels.n_templates()};
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
    const Block part{n_pixels, n};
    const Sums sums = part.at(memory), counted = first == 0 ? sums : Sums{};
    queue.zero(memory, part.size());
    if (all == 1) in_one_pass(queue, patterns, load(0), hard, sums);
    if (all > 1)
      in_parts(patterns, share.n_patterns, [&](const PatternsOn<Pixel>& some, int64_t) {
        for (int64_t h = 0; h < all; h += share.n_panels)
          launch_scores(queue, some, load(h), rows + h * kWidth, stride);
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
