#include "kernels/assignment.h"

#include <vector>

#include "dispatch/clusters.hpp"
#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, assignment, const motes_patterns&, const Panels<float>&, const ExactClusters&, int32_t*,
             AssignmentState&, Lane)

namespace motes {
namespace {

struct Worker {
  Worker(const PanelShape& shape, int64_t n_pixels, int64_t n_clusters)
      : photons(n_pixels * n_clusters), members(n_clusters), scores(block_scratch(shape)), exact(n_clusters) {
    state = {photons.get(), members.get(), 0, {0, 0}, scores.get(), exact.get()};
  }
  Buffer<int64_t> photons, members;
  Buffer<float> scores;
  Buffer<double> exact;
  AssignmentState state;
};

}  // namespace
}  // namespace motes

motes_status motes_assignment(const motes_patterns* patterns, const double* weights, const double* base,
                              int64_t n_clusters, motes_clusters* clusters, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (const auto bad = validate(patterns, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_clusters(*patterns, weights, base, n_clusters, clusters, error)) return bad;
  for (int64_t p = 0; p < patterns->n_patterns; ++p)
    if (clusters->labels[p] < -1 || clusters->labels[p] >= n_clusters)
      return refuse_label(clusters->labels[p], p, n_clusters, error);
  return guarded(error, [&] {
    const PackedTemplates<float> packed(weights, base, n_clusters, patterns->n_pixels);
    const int n_workers = workers_for(lanes_in(patterns->n_patterns, kPatternsPerLane), run);
    std::vector<Worker> workers;
    workers.reserve(static_cast<size_t>(n_workers));
    for (int w = 0; w < n_workers; ++w) workers.emplace_back(packed.shape(), patterns->n_pixels, n_clusters);
    const ExactClusters exact = exact_clusters(weights, base, n_clusters);
    const auto kernel = MOTES_CHOOSE(assignment);
    const auto status = for_each_lane(patterns->n_patterns, kPatternsPerLane, n_workers, run, [&](Lane lane, int w) {
      kernel(*patterns, packed.panels, exact, clusters->labels, workers[static_cast<size_t>(w)].state, lane);
    });
    clusters->n_moved = clusters->score[0] = clusters->score[1] = 0;
    for (const auto& worker : workers)
      gain(clusters, patterns->n_pixels, n_clusters, worker.photons.get(), worker.members.get(), worker.state.score,
           worker.state.n_moved);
    return status;
  });
}
