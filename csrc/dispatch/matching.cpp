#include "kernels/matching.h"

#include <limits>
#include <vector>

#include "dispatch/circles.hpp"
#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/scratch.hpp"

MOTES_KERNEL(void, match_in_order, const motes_circles&, const void*, const motes_circles&, const Nearness&,
             motes_match_rule, const MatchingMemory&, Lane, Lane, int64_t*, double*)
MOTES_KERNEL(void, count_near, const motes_circles&, const motes_circles&, const Nearness&, const MatchingMemory&, Lane,
             Lane, int64_t*)
MOTES_KERNEL(void, list_near, const motes_circles&, const motes_circles&, const Nearness&, const MatchingMemory&, Lane,
             Lane, const int64_t*, int64_t*, double*)
MOTES_KERNEL(void, solve_assignment, const SparsePairs&, const AssignMemory&)

namespace motes {
namespace {

struct Problem {
  const motes_circles& picks;
  const motes_circles& truth;
  const int64_t *pick_indptr, *truth_indptr;
  Nearness near;

  Lane pick_lane(int64_t m) const { return {pick_indptr[m], pick_indptr[m + 1]}; }
  Lane truth_lane(int64_t m) const { return {truth_indptr[m], truth_indptr[m + 1]}; }
  Nearness near_in(int64_t m) const { return nearness_within(near, picks, pick_lane(m), truth, truth_lane(m)); }
};

struct Worker {
  Worker(int64_t n_picks, int64_t n_truth)
      : scratch([=, n = std::max(n_picks, n_truth)](Cutter& cutter) {
          return MatchingMemory{cells_memory(cutter, n_truth), cutter.cut<Ranked>(n), cutter.cut<Ranked>(n),
                                cutter.cut<uint8_t>(n_truth)};
        }),
        memory(scratch.memory) {}
  Scratch<MatchingMemory> scratch;
  MatchingMemory memory;
  std::vector<int64_t> indptr, partner;
  std::vector<double> overlap;
  std::vector<Cost> cost;
};

std::vector<Worker> workers_of(const Problem& problem, int64_t n_micrographs, int n_workers) {
  const int64_t n_picks = largest_part(problem.pick_indptr, n_micrographs);
  const int64_t n_truth = largest_part(problem.truth_indptr, n_micrographs);
  std::vector<Worker> workers;
  workers.reserve(static_cast<size_t>(n_workers));
  for (int w = 0; w < n_workers; ++w) workers.emplace_back(n_picks, n_truth);
  return workers;
}

void sum_up(int64_t* counts, int64_t n) {  // counts[1..n] become ends
  counts[0] = 0;
  for (int64_t i = 0; i < n; ++i) counts[i + 1] += counts[i];
}

// All pairs of one micrograph, particles relative to it.
void list_pairs(const Problem& problem, int64_t m, Worker& worker) {
  const Lane picks = problem.pick_lane(m), truth = problem.truth_lane(m);
  const Nearness near = problem.near_in(m);
  const int64_t n = picks.end - picks.begin;
  worker.indptr.resize(static_cast<size_t>(n) + 1);
  MOTES_CHOOSE(count_near)(problem.picks, problem.truth, near, worker.memory, picks, truth, worker.indptr.data() + 1);
  sum_up(worker.indptr.data(), n);
  const auto n_pairs = static_cast<size_t>(worker.indptr.back());
  worker.partner.resize(n_pairs);
  worker.overlap.resize(n_pairs);
  MOTES_CHOOSE(list_near)(problem.picks, problem.truth, near, worker.memory, picks, truth, worker.indptr.data(),
                          worker.partner.data(), worker.overlap.data());
  for (auto& j : worker.partner) j -= truth.begin;
}

void match_at_once(const Problem& problem, motes_match_rule rule, int64_t m, Worker& worker, int64_t* matched,
                   double* overlap) {
  list_pairs(problem, m, worker);
  const Lane truth = problem.truth_lane(m);
  const auto n_rows = static_cast<int64_t>(worker.indptr.size()) - 1, n_columns = truth.end - truth.begin;
  const bool by_distance = problem.near.measure == MOTES_DISTANCE;
  worker.cost.clear();
  for (const double value : worker.overlap)  // Topaz: the gain of a pair is radius^2 - distance^2
    worker.cost.push_back({0, rule == MOTES_TOPAZ ? value * value : by_distance ? value : 1 - value});
  const double square = problem.near.threshold * problem.near.threshold;
  const Cost unassigned = rule == MOTES_TOPAZ ? Cost{0, square} : Cost{1, 0};
  const auto row_price = scratch<Cost>(n_rows), column_price = scratch<Cost>(n_columns), distance = scratch<Cost>(n_columns);
  const auto row_of = scratch<int64_t>(n_columns), column_of = scratch<int64_t>(n_rows), heap = scratch<int64_t>(n_columns),
             place = scratch<int64_t>(n_columns), from = scratch<int64_t>(n_columns), touched = scratch<int64_t>(n_columns);
  MOTES_CHOOSE(solve_assignment)
  ({n_rows, n_columns, worker.indptr.data(), worker.partner.data(), worker.cost.data(), unassigned},
   {row_price.get(), column_price.get(), distance.get(), row_of.get(), column_of.get(), heap.get(), place.get(),
    from.get(), touched.get()});
  const int64_t first = problem.pick_lane(m).begin;
  for (int64_t i = 0; i < n_rows; ++i) {
    const int64_t j = column_of[static_cast<size_t>(i)];
    if (j < 0) continue;
    const auto row = static_cast<size_t>(i);
    matched[first + i] = truth.begin + j;
    for (auto e = static_cast<size_t>(worker.indptr[row]); e < static_cast<size_t>(worker.indptr[row + 1]); ++e)
      if (worker.partner[e] == j) overlap[first + i] = worker.overlap[e];
  }
}

motes_status validate_pairing(const motes_circles* picks, const motes_circles* truth, int64_t n_micrographs,
                              const int64_t* pick_indptr, const int64_t* truth_indptr, motes_measure measure,
                              double threshold, const motes_run* run, motes_error* error) {
  if (const auto bad = validate("picks", picks, error)) return bad;
  if (const auto bad = validate("truth", truth, error)) return bad;
  if (const auto bad = validate_micrographs("pick_indptr", pick_indptr, n_micrographs, picks->n, error)) return bad;
  if (const auto bad = validate_micrographs("truth_indptr", truth_indptr, n_micrographs, truth->n, error)) return bad;
  if (const auto bad = validate_measure(measure, threshold, error)) return bad;
  return validate_run(run, error);
}

}  // namespace
}  // namespace motes

motes_status motes_matching(const motes_circles* picks, const void* score, const motes_circles* truth,
                            int64_t n_micrographs, const int64_t* pick_indptr, const int64_t* truth_indptr,
                            motes_measure measure, double threshold, motes_match_rule rule, int64_t* matched,
                            double* overlap, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_pairing(picks, truth, n_micrographs, pick_indptr, truth_indptr, measure, threshold, run, error))
    return bad;
  if (rule < MOTES_GREEDY || rule > MOTES_TOPAZ) return refuse(error, -1, "rule: unknown, %d", static_cast<int>(rule));
  if (rule == MOTES_TOPAZ && measure != MOTES_DISTANCE)
    return refuse(error, -1, "rule: topaz matches by distance, not by IoU");
  if (score)
    if (const auto bad = validate_reals("scores", score, picks->real_bytes, picks->n, error)) return bad;
  if (const auto bad = validate_pointer("matched", matched, picks->n, error)) return bad;
  if (const auto bad = validate_pointer("overlap", overlap, picks->n, error)) return bad;
  std::fill_n(matched, picks->n, int64_t{-1});
  std::fill_n(overlap, picks->n, measure == MOTES_DISTANCE ? std::numeric_limits<double>::infinity() : 0.0);
  return guarded(error, [&] {
    const Problem problem{*picks, *truth, pick_indptr, truth_indptr, nearness(measure, threshold)};
    if (!problem.near.possible) return MOTES_OK;
    const int n_workers = workers_for(n_micrographs, run);
    auto workers = workers_of(problem, n_micrographs, n_workers);
    std::vector<uint8_t> failed(static_cast<size_t>(n_workers), 0);
    const auto kernel = MOTES_CHOOSE(match_in_order);
    const auto status = for_each_lane(n_micrographs, 1, n_workers, run, [&](Lane lane, int w) {
      auto& worker = workers[static_cast<size_t>(w)];
      const int64_t m = lane.begin;
      if (rule != MOTES_OPTIMAL && rule != MOTES_TOPAZ)
        return kernel(*picks, score, *truth, problem.near_in(m), rule, worker.memory, problem.pick_lane(m),
                      problem.truth_lane(m), matched, overlap);
      try {
        match_at_once(problem, rule, m, worker, matched, overlap);
      } catch (const std::exception&) {  // the list of pairs; nothing may be thrown through a thread of the pool
        failed[static_cast<size_t>(w)] = 1;
      }
    });
    return std::find(failed.begin(), failed.end(), 1) != failed.end() ? MOTES_OUT_OF_MEMORY : status;
  });
}

motes_status motes_near_pairs(const motes_circles* picks, const motes_circles* truth, int64_t n_micrographs,
                              const int64_t* pick_indptr, const int64_t* truth_indptr, motes_measure measure,
                              double threshold, int64_t capacity, int64_t* pair_indptr, int64_t* partner,
                              double* overlap, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate_pairing(picks, truth, n_micrographs, pick_indptr, truth_indptr, measure, threshold, run, error))
    return bad;
  if (const auto bad = validate_pointer("pair_indptr", pair_indptr, picks->n + 1, error)) return bad;
  if (const auto bad = validate_pointer("partner", partner, capacity, error)) return bad;
  if (const auto bad = validate_pointer("overlap", overlap, capacity, error)) return bad;
  return guarded(error, [&] {
    std::fill_n(pair_indptr, picks->n + 1, int64_t{0});
    const Problem problem{*picks, *truth, pick_indptr, truth_indptr, nearness(measure, threshold)};
    if (!problem.near.possible) return MOTES_OK;
    const int n_workers = workers_for(n_micrographs, run);
    const auto workers = workers_of(problem, n_micrographs, n_workers);
    auto status = for_each_lane(n_micrographs, 1, n_workers, run, [&](Lane lane, int w) {
      if (pick_indptr[lane.begin] == pick_indptr[lane.end]) return;  // a few picks are on few of them
      MOTES_CHOOSE(count_near)(*picks, *truth, problem.near_in(lane.begin), workers[static_cast<size_t>(w)].memory,
                               problem.pick_lane(lane.begin), problem.truth_lane(lane.begin),
                               pair_indptr + 1 + pick_indptr[lane.begin]);
    });
    if (status) return status;
    sum_up(pair_indptr, picks->n);
    if (pair_indptr[picks->n] > capacity) return MOTES_TOO_SMALL;
    return for_each_lane(n_micrographs, 1, n_workers, run, [&](Lane lane, int w) {
      if (pair_indptr[pick_indptr[lane.begin]] == pair_indptr[pick_indptr[lane.end]]) return;
      MOTES_CHOOSE(list_near)(*picks, *truth, problem.near_in(lane.begin), workers[static_cast<size_t>(w)].memory,
                              problem.pick_lane(lane.begin), problem.truth_lane(lane.begin),
                              pair_indptr + pick_indptr[lane.begin], partner, overlap);
    });
  });
}
