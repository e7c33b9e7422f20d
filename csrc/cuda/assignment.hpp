// Assignment: see motes/assignment.hpp. Labels and sums have the bits of the CPU, as long as weights are of one sign.
//
// Scores are taken in float32; the few patterns whose two best are nearer than that tells are scored again in float64,
// one cluster after the other, in the CPU's order. A pattern that moved adds 1 to the planes of its new cluster and
// takes 1 from those of the old.
//
// What holds it: the likelihood's 2 bytes and one 16-byte read of shared memory for a photon and a panel of four
// clusters, 8 bytes for a label, and for each photon of a pattern that moves two shared-memory atomics: in the first
// round, where all move, these; later the likelihood. Up to four clusters that is one kernel; beyond, rows of scores
// are written and read once (4 bytes a cluster), and every panel reads both labels of each pattern.
#pragma once
#include "cuda/accumulate.hpp"
#include "cuda/checks.hpp"
#include "cuda/likelihood.hpp"
#include "cuda/runs.hpp"
#include "cuda/softmax.hpp"
#include "dispatch/clusters.hpp"
#include "kernels/assignment.h"
#include "kernels/nearness.h"

namespace motes::cuda {

// How near a pattern is to clusters: in float32, and exactly.
struct Scoring {
  Templates<float> templates;
  ExactClusters exact;

  MOTES_HD float edge(int64_t n_lit, bool multi, float largest) const {
    return MOTES_ISA::edge_of(largest, fabsf(largest), MOTES_ISA::units_of(n_lit, multi),
                              static_cast<float>(exact.largest_base));
  }

  template <class Pixel>
  MOTES_HD double exact_score(const PatternsOn<Pixel>& patterns, int64_t p, int64_t k) const {
    const int64_t n = exact.n_clusters;
    double score = 0;
    for_each_photon(patterns, p, [&](int64_t pixel) { score += exact.weights[pixel * n + k]; });
    score += exact.base[k];
    for_each_multi(patterns, p, [&](int64_t pixel, int32_t extra) {
      score += static_cast<double>(extra) * exact.weights[pixel * n + k];
    });
    return score;
  }
};

// The amounts of one panel for a pattern that goes from a cluster (-1: from none) to another.
MOTES_HD inline Four<int32_t> amounts_of_move(int64_t from, int64_t to, int64_t panel) {
  Four<int32_t> amount;
  for (int r = 0; r < kWidth; ++r) {
    const int64_t k = panel * kWidth + r;
    amount.at[r] = from == to ? 0 : (k == to) - (k == from);
  }
  return amount;
}

// Up to four clusters: patterns are scored where they are moved.
template <bool Staged>
struct NearestOfFour {
  using Amount = int32_t;
  using Table = Four<float>;
  static constexpr int64_t kBytesAPixel = Staged ? sizeof(Table) : 0;

  Scoring scoring;
  int32_t* labels;

  MOTES_HD void stage(int64_t, Table* table, const Spot& at) const {
    if (Staged) cuda::stage(scoring.templates.table, scoring.templates.n_pixels, table, at);
  }

  template <class Pixel>
  MOTES_HD Four<int32_t> amounts(const PatternsOn<Pixel>& patterns, int64_t p, int64_t, const Table* table,
                                 Tally& tally) const {
    const Templates<float>& templates = scoring.templates;
    const int64_t n = templates.n_templates;
    const Four<float> score = score_of(patterns, p, Staged ? table : templates.table, *templates.base);
    int label = first_largest(score, n);
    const float largest = number_of(score, label);
    tally.count(static_cast<double>(largest));
    const float edge = scoring.edge(patterns.indptr[p + 1] - patterns.indptr[p], patterns.n_multi > 0, largest);
    int n_near = 0;
    for (int k = 0; k < kWidth; ++k) n_near += k < n && !(score.at[k] < edge);
    if (n_near > 1) label = nearest(patterns, p, n);
    const int32_t before = labels[p];
    labels[p] = label;
    tally.n_impossible += before != label;
    return amounts_of_move(before, label, 0);
  }

 private:
  template <class Pixel>
  MOTES_HD int nearest(const PatternsOn<Pixel>& patterns, int64_t p, int64_t n) const {
    int best = 0;
    double largest = scoring.exact_score(patterns, p, 0);
    for (int k = 1; k < n; ++k) {
      const double score = scoring.exact_score(patterns, p, k);
      best = score > largest ? k : best;
      largest = score > largest ? score : largest;
    }
    return best;
  }
};

// More: of patterns whose labels before and after are known.
struct Moves {
  using Amount = int32_t;
  using Table = Four<float>;
  static constexpr int64_t kBytesAPixel = 0;

  const int32_t* before;
  const int32_t* labels;

  MOTES_HD void stage(int64_t, Table*, const Spot&) const {}
  template <class Pixel>
  MOTES_HD Four<int32_t> amounts(const PatternsOn<Pixel>&, int64_t p, int64_t panel, const Table*, Tally&) const {
    return amounts_of_move(before[p], labels[p], panel);
  }
};

// Labels of rows of scores, 16 threads to a row.
template <class Pixel>
struct NearestOfRows {
  static constexpr int kThreads = 256, kLanes = 16;
  static constexpr int64_t kRowsABlock = kThreads / kLanes;
  struct Thread {};
  struct Shared {
    double largest[kThreads];
    int64_t best[kThreads], n_near[kThreads];
    Tally tally;
  };

  PatternsOn<Pixel> patterns;
  Scoring scoring;
  const float* rows;
  int64_t stride;
  int32_t *before, *labels;
  Sums sums;

  int64_t blocks() const { return blocks_for(patterns.n_patterns, kRowsABlock); }
  int64_t shared_bytes() const { return sizeof(Shared); }
  MOTES_HD Shared& shared(unsigned char* memory) const { return *reinterpret_cast<Shared*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 6; }

  MOTES_HD void phase(int64_t k, const Spot& at, Shared& shared, Thread&) const {
    const int64_t p = at.block * kRowsABlock + at.thread / kLanes;
    const int lane = at.thread % kLanes, group = at.thread - lane;
    if (k == 0 && at.thread == 0) shared.tally = {};
    if (k == 5 && at.thread < Tally::kNumbers) deliver(sums, 0, 0, at.thread, shared.tally.numbers()[at.thread]);
    if (p >= patterns.n_patterns) return;
    const float* row = rows + p * stride;
    const int64_t n = scoring.templates.n_templates;
    if (k == 0) largest_of(n, lane, at.thread, shared, [=](int64_t c) { return static_cast<double>(row[c]); });
    if (k == 1) {
      const auto largest = static_cast<float>(shared.largest[winner(shared, group)]);
      const float edge = scoring.edge(patterns.indptr[p + 1] - patterns.indptr[p], patterns.n_multi > 0, largest);
      shared.n_near[at.thread] = 0;
      for (int64_t c = lane; c < n; c += kLanes) shared.n_near[at.thread] += !(row[c] < edge);
    }
    if (k == 2 && lane == 0) take_score(shared, group);
    if (k == 3 && shared.n_near[group] > 1)
      largest_of(n, lane, at.thread, shared, [&](int64_t c) { return scoring.exact_score(patterns, p, c); });
    if (k == 4 && lane == 0) move(p, static_cast<int32_t>(shared.best[winner(shared, group)]), shared.tally);
  }

 private:
  // The largest of this thread's scores, and the first place where it stands; a lane without any is never the winner.
  template <class Score>
  MOTES_HD void largest_of(int64_t n, int lane, int thread, Shared& shared, Score score) const {
    double largest = -HUGE_VAL;
    int64_t best = n;
    for (int64_t c = lane; c < n; c += kLanes) {
      const double found = score(c);
      best = found > largest || best == n ? c : best;
      largest = found > largest ? found : largest;
    }
    shared.largest[thread] = largest;
    shared.best[thread] = best;
  }

  MOTES_HD static int winner(const Shared& shared, int group) {
    int found = group;
    for (int l = group + 1; l < group + kLanes; ++l)
      if (shared.largest[l] > shared.largest[found] ||
          (shared.largest[l] == shared.largest[found] && shared.best[l] < shared.best[found]))
        found = l;
    return found;
  }

  // In float32, as the CPU tells it; and how many come near.
  MOTES_HD static void take_score(Shared& shared, int group) {
    Tally own = {};
    own.count(shared.largest[winner(shared, group)]);
    for (int i = 0; i < 2; ++i) add_fixed(shared.tally.log_likelihood + i, own.log_likelihood[i]);
    for (int l = 1; l < kLanes; ++l) shared.n_near[group] += shared.n_near[group + l];
  }

  MOTES_HD void move(int64_t p, int32_t label, Tally& tally) const {
    before[p] = labels[p];
    labels[p] = label;
    if (before[p] != label) add_fixed(&tally.n_impossible, int64_t{1});
  }
};

struct NoLabel {
  const int32_t* labels;
  int64_t n_clusters;
  MOTES_HD bool operator()(int64_t p) const { return labels[p] < -1 || labels[p] >= n_clusters; }
};

template <class Queue>
motes_status check_labels(Queue& queue, const int32_t* labels, int64_t n, int64_t n_clusters, motes_error* error) {
  const int64_t p = index_of(queue, look_for(queue, n, NoLabel{labels, n_clusters}));
  return p == n ? MOTES_OK : refuse_label(queue.read(labels + p), p, n_clusters, error);
}

// `labels` in and out; `sums`, zero at first, take what the clusters gain: photons as `planes`, members as `weights`,
// the score as `log_likelihood`, the patterns that moved as `n_impossible`.
template <class Queue, class Pixel>
void assign(Queue& queue, const PatternsOn<Pixel>& all, const Scoring& scoring, int32_t* labels, const Sums& sums) {
  const int64_t n_clusters = scoring.templates.n_templates;
  if (all.n_patterns == 0) return;
  if (scoring.templates.n_panels == 1) {
    const auto source = [&]<bool Staged>() { return NearestOfFour<Staged>{scoring, labels}; };
    return accumulate(queue, all, source, sums, n_clusters);
  }
  const int64_t stride = scoring.templates.n_panels * kWidth;
  auto* const before = queue.template array<int32_t>(all.n_patterns);
  in_runs<float>(queue, all, stride, [&](const PatternsOn<Pixel>& some, int64_t begin, float* rows) {
    score_rows(queue, some, scoring.templates, rows, stride);
    queue.launch(NearestOfRows<Pixel>{some, scoring, rows, stride, before + begin, labels + begin, sums});
  });
  accumulate(queue, all, [&]<bool>() { return Moves{before, labels}; }, sums, n_clusters);
}

}  // namespace motes::cuda
