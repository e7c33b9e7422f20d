#include "cuda/assignment.hpp"

#include <vector>

#include "cuda/families.hpp"
#include "cuda/stages.hpp"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

motes_status assignment(const PatternsHeld& held, const double* weights, const double* base, int64_t n_clusters,
                        motes_clusters* clusters, cudaStream_t stream, motes_error* error) {
  const auto& x = held.arrays;
  if (const auto bad = validate_clusters(x, weights, base, n_clusters, clusters, error)) return bad;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: assignment", error);
    if (const auto bad = check_labels(queue, clusters->labels, x.n_patterns, n_clusters, error)) return bad;
    const std::vector<float> rounded(weights, weights + x.n_pixels * n_clusters), bases(base, base + n_clusters);
    Uploaded<float> uploaded(rounded.data(), bases.data(), n_clusters, x.n_pixels, stream);
    if (const auto bad = uploaded.upload(error)) return bad;
    auto exact = exact_clusters(weights, base, n_clusters);
    exact.weights = queue.upload(weights, x.n_pixels * n_clusters);
    exact.base = queue.upload(base, n_clusters);
    const SumsBlock block{x.n_pixels, n_clusters};
    auto* const sums = queue.array<int64_t>(block.size());
    queue.zero(sums, block.size());
    with_pixels(x, [&](const auto& patterns) {
      assign(queue, patterns, {uploaded.templates(), exact}, clusters->labels, block.at(sums));
      return queue.status();
    });
    std::vector<int64_t> gained(static_cast<size_t>(block.size()));
    queue.download(sums, block.size(), gained.data());
    const Sums found = block.at(gained.data());
    clusters->n_moved = clusters->score[0] = clusters->score[1] = 0;
    if (queue.fine())
      gain(clusters, x.n_pixels, n_clusters, found.planes, found.weights, found.log_likelihood, *found.n_impossible);
    return queue.status();
  });
}

}  // namespace motes::cuda
