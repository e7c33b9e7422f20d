// label[p] = argmax_k (x_p . w_k + base_k); clusters follow the patterns that moved: see motes/assignment.hpp.
#include "kernels/assignment.h"

#include "kernels/scatter.h"
#include "kernels/score.h"
#include "kernels/softmax.h"

namespace motes::MOTES_ISA {
namespace {

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
void assign_lane(const motes_patterns& patterns, const Panels<float>& panels, int32_t* labels, AssignmentState& state,
                 Lane lane) {
  const int64_t stride = panels.n_panels * panels.width, n_clusters = panels.n_templates;
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
    for (int k = 0; k < block.size; ++k)
      if (before[k] != label[k])
        move_pattern<Pixel>(patterns, block.first + k, n_clusters, before[k], label[k], state);
    for_each_multi<Pixel>(patterns, block.first, block.size, [&](int k, int64_t pixel, int32_t extra) {
      if (before[k] == label[k]) return;
      state.photons[pixel * n_clusters + label[k]] += extra;
      if (before[k] >= 0) state.photons[pixel * n_clusters + before[k]] -= extra;
    });
  }
}

}  // namespace

void assignment_f32(const motes_patterns& patterns, const Panels<float>& panels, int32_t* labels, AssignmentState& state,
                    Lane lane) {
  if (patterns.pixel_bytes == 2) assign_lane<uint16_t>(patterns, panels, labels, state, lane);
  else assign_lane<uint32_t>(patterns, panels, labels, state, lane);
}

}  // namespace motes::MOTES_ISA
