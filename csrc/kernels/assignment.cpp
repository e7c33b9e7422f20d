// label[p] = argmax_k (x_p . w_k + base_k), in float64 where float32 can not tell; clusters follow the patterns that
// moved: see motes/assignment.hpp.
#include "kernels/assignment.h"

#include "kernels/fixed.h"
#include "kernels/nearness.h"
#include "kernels/scatter.h"
#include "kernels/score.h"
#include "kernels/softmax.h"

namespace motes::MOTES_ISA {
namespace {

// Scores that come within rounding of the largest of their pattern, that one among them; all, where it is not finite.
inline int64_t n_near(const float* row, int64_t n, float largest, float units, float largest_base) {
  const float edge = edge_of(largest, fabsf(largest), units, largest_base);
  int64_t near = 0;
  for (int64_t k = 0; k < n; ++k) near += !(row[k] < edge);
  return near;
}

constexpr int kTogether = 64;  // patterns

// The same for kFloats / Width patterns at a time: whether in any of kTogether one score is near another.
template <int Width>
inline bool narrow_ties(const float* scores, float units, float largest_base) {
  Ints below = {};
  int n_below = 0;
  for (int i = 0; i < kTogether * Width; i += kFloats) {
    const Floats score = load_floats(scores + i), largest = group_max<Width>(score);
    below += score < edge_of(largest, larger(largest, -largest), units, largest_base);
  }
  for (int i = 0; i < kFloats; ++i) n_below -= below[i];
  return n_below != kTogether * (Width - 1);
}

inline bool any_ties(const float* scores, int64_t stride, float units, float largest_base) {
  if constexpr (kFloats > 4)
    if (stride == 4) return narrow_ties<4>(scores, units, largest_base);
  if constexpr (kFloats > 8)
    if (stride == 8) return narrow_ties<8>(scores, units, largest_base);
  return true;
}

template <class Pixel>
inline int64_t exact_label(const motes_patterns& patterns, int64_t p, const ExactClusters& clusters, double* scores) {
  const auto* pixels = static_cast<const Pixel*>(patterns.pixels);
  const int64_t n = clusters.n_clusters;
  for (int64_t k = 0; k < n; ++k) scores[k] = 0;
  for (int64_t i = patterns.indptr[p]; i < patterns.indptr[p + 1]; ++i) {
    const double* row = clusters.weights + static_cast<int64_t>(pixels[i]) * n;
    for (int64_t k = 0; k < n; ++k) scores[k] += row[k];
  }
  for (int64_t k = 0; k < n; ++k) scores[k] += clusters.base[k];
  for_each_multi<Pixel>(patterns, p, 1, [&](int, int64_t pixel, int32_t extra) {
    for (int64_t k = 0; k < n; ++k) scores[k] += static_cast<double>(extra) * clusters.weights[pixel * n + k];
  });
  return first_largest(scores, n);
}

template <class Pixel>
inline void move_pattern(const motes_patterns& patterns, int64_t p, int64_t n_clusters, int32_t from, int32_t to,
                         AssignmentState& state) {
  const auto* pixels = static_cast<const Pixel*>(patterns.pixels);
  for (int64_t i = patterns.indptr[p]; i < patterns.indptr[p + 1]; ++i) {
    int64_t* row = state.photons + static_cast<int64_t>(pixels[i]) * n_clusters;
    ++row[to];
    if (from >= 0) --row[from];
  }
  ++state.members[to];
  if (from >= 0) --state.members[from];
  ++state.n_moved;
}

template <class Pixel>
void assign_lane(const motes_patterns& patterns, const Panels<float>& panels, const ExactClusters& clusters,
                 int32_t* labels, AssignmentState& state, Lane lane) {
  const int64_t stride = panels.n_panels * panels.width, n_clusters = panels.n_templates;
  const auto largest_base = static_cast<float>(clusters.largest_base);
  Block block;
  int32_t before[kMaxBlock];
  const int size = block_size(static_cast<int64_t>(sizeof(float)) * stride);
  for (block.first = lane.begin; block.first < lane.end; block.first += size) {
    block.size = static_cast<int>(lane.end - block.first < size ? lane.end - block.first : size);
    order_by_length(patterns.indptr, block);
    score_block<float, Pixel>(patterns, block, panels, state.scores, stride);
    int32_t* label = labels + block.first;
    for (int k = 0; k < block.size; ++k) {
      const float* row = state.scores + k * stride;
      const int64_t best = first_largest(row, n_clusters);
      add_fixed(static_cast<double>(row[best]), state.score);
      before[k] = label[k];
      label[k] = static_cast<int32_t>(best);
    }
    const float units = units_of(longest_of(patterns.indptr, block), patterns.n_multi > 0);
    for (int from = 0; from < block.size; from += kTogether) {
      const int to = from + kTogether < block.size ? from + kTogether : block.size;
      if (to == from + kTogether && !any_ties(state.scores + from * stride, stride, units, largest_base)) continue;
      for (int k = from; k < to; ++k) {
        const float* row = state.scores + k * stride;
        if (n_near(row, n_clusters, row[label[k]], units, largest_base) > 1)
          label[k] = static_cast<int32_t>(exact_label<Pixel>(patterns, block.first + k, clusters, state.exact));
      }
    }
    for (int k = 0; k < block.size; ++k)
      if (before[k] != label[k])
        move_pattern<Pixel>(patterns, block.first + k, n_clusters, before[k], label[k], state);
    for_each_multi<Pixel>(patterns, block.first, block.size, [&](int k, int64_t pixel, int32_t extra) {
      // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): k is below block.size, up to which it is set
      if (before[k] == label[k]) return;
      state.photons[pixel * n_clusters + label[k]] += extra;
      if (before[k] >= 0) state.photons[pixel * n_clusters + before[k]] -= extra;
    });
  }
}

}  // namespace

void assignment(const motes_patterns& patterns, const Panels<float>& panels, const ExactClusters& clusters,
                int32_t* labels, AssignmentState& state, Lane lane) {
  if (patterns.pixel_bytes == 2) assign_lane<uint16_t>(patterns, panels, clusters, labels, state, lane);
  else assign_lane<uint32_t>(patterns, panels, clusters, labels, state, lane);
}

}  // namespace motes::MOTES_ISA
