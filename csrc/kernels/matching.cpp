// Picks beside particles: see motes/matching.hpp.
#include "kernels/matching.h"

#include "kernels/assign.h"
#include "kernels/cells.h"
#include "kernels/order.h"

namespace motes::MOTES_ISA {
namespace {

void put_all(Cells& cells, const motes_circles& truth, Lane lane) {
  for (int64_t j = lane.begin; j < lane.end; ++j) {
    const Circle c = circle_at(truth, j);
    cells.put(static_cast<int32_t>(j - lane.begin), c.x, c.y, c.r);
  }
}

// Higher is closer. Where the distance decides, it also ranks: equal circles need no area for it.
inline double closeness(const Nearness& near, const Circle& pick, const Cells& cells, int32_t j) {
  if (near.reach > 0) {
    const double dx = pick.x - cells.x(j), dy = pick.y - cells.y(j);
    return -(dx * dx + dy * dy);
  }
  return overlap(near, pick.x, pick.y, pick.r, cells.x(j), cells.y(j), cells.r(j));
}

inline double overlap_with(const Nearness& near, const Circle& pick, const Cells& cells, int32_t j) {
  return overlap(near, pick.x, pick.y, pick.r, cells.x(j), cells.y(j), cells.r(j));
}

template <class Take>
void near_particles(const Nearness& near, const Cells& cells, const Circle& pick, Take&& take) {
  cells.search(pick.x, pick.y, pick.r, [&](int32_t j) {
    if (is_near(near, pick.x, pick.y, pick.r, cells.x(j), cells.y(j), cells.r(j))) take(j);
    return false;
  });
}

}  // namespace

// One micrograph, pick after pick: greedy (claimed particles are gone), best, first.
void match_in_order(const motes_circles& picks, const void* score, const motes_circles& truth, const Nearness& near,
                    motes_match_rule rule, const MatchingMemory& memory, Lane pick_lane, Lane truth_lane,
                    int64_t* matched, double* overlaps) {
  const int64_t n = pick_lane.end - pick_lane.begin;
  Cells cells(memory.cells, near);
  put_all(cells, truth, truth_lane);
  memset(memory.claimed, 0, static_cast<size_t>(truth_lane.end - truth_lane.begin));
  for (int64_t i = 0; i < n; ++i) memory.ranked[i].index = static_cast<uint32_t>(i);
  const Ranked* ranked = memory.ranked;
  if (score) ranked = sort_by_score(memory.ranked, memory.spare, n, score, picks.real_bytes, pick_lane.begin);
  for (int64_t k = 0; k < n; ++k) {
    const int64_t i = pick_lane.begin + ranked[k].index;
    const Circle pick = circle_at(picks, i);
    int32_t chosen = -1;
    double closest = 0;
    near_particles(near, cells, pick, [&](int32_t j) {
      if (rule == MOTES_GREEDY && memory.claimed[j]) return;
      const double close = rule == MOTES_FIRST ? 0 : closeness(near, pick, cells, j);
      if (chosen >= 0 && !(close > closest || (close == closest && j < chosen))) return;
      chosen = j;
      closest = close;
    });
    if (chosen < 0) continue;
    memory.claimed[chosen] = 1;
    matched[i] = truth_lane.begin + chosen;
    overlaps[i] = overlap_with(near, pick, cells, chosen);
  }
}

// One micrograph: how many particles are near each pick.
void count_near(const motes_circles& picks, const motes_circles& truth, const Nearness& near,
                const MatchingMemory& memory, Lane pick_lane, Lane truth_lane, int64_t* counts) {
  Cells cells(memory.cells, near);
  put_all(cells, truth, truth_lane);
  for (int64_t i = pick_lane.begin; i < pick_lane.end; ++i) {
    int64_t count = 0;
    near_particles(near, cells, circle_at(picks, i), [&](int32_t) { ++count; });
    counts[i - pick_lane.begin] = count;
  }
}

// The same pairs, written down: `indptr` is relative to this micrograph's arrays, partners in ascending order.
void list_near(const motes_circles& picks, const motes_circles& truth, const Nearness& near,
               const MatchingMemory& memory, Lane pick_lane, Lane truth_lane, const int64_t* indptr, int64_t* partner,
               double* overlaps) {
  Cells cells(memory.cells, near);
  put_all(cells, truth, truth_lane);
  for (int64_t i = pick_lane.begin; i < pick_lane.end; ++i) {
    const Circle pick = circle_at(picks, i);
    const int64_t first = indptr[i - pick_lane.begin];
    int64_t n = 0;
    near_particles(near, cells, pick, [&](int32_t j) { memory.ranked[n++].index = static_cast<uint32_t>(j); });
    const Ranked* sorted = sort_by_key(memory.ranked, memory.spare, n, [](uint32_t j) { return uint64_t{j}; });
    for (int64_t k = 0; k < n; ++k) {
      const auto j = static_cast<int32_t>(sorted[k].index);
      partner[first + k] = truth_lane.begin + j;
      overlaps[first + k] = overlap_with(near, pick, cells, j);
    }
  }
}

void solve_assignment(const SparsePairs& pairs, const AssignMemory& memory) { assign(pairs, memory); }

}  // namespace motes::MOTES_ISA
