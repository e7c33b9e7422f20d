#include "cuda/assignment.hpp"

#include <vector>

#include "containers.hpp"
#include "cuda/panels.hpp"
#include "queue.hpp"

#include "dispatch/validate.cpp"

// `sums`: what the clusters gain, as SumsBlock lays it out.
extern "C" int assignment(const motes::cuda::PatternsGiven* given, const double* weights, const double* base,
                          int64_t n_clusters, int32_t* labels, int64_t* sums, int64_t shared, int64_t most,
                          motes_error* error, int64_t* status, int order) {
  using namespace motes;
  const std::vector<float> rounded(weights, weights + given->n_pixels * n_clusters), bases(base, base + n_clusters);
  const cuda::Panels<float> panels(rounded.data(), bases.data(), n_clusters, given->n_pixels);
  const cuda::SumsBlock block{given->n_pixels, n_clusters};
  cuda::HostQueue queue(order);
  queue.with(shared, most);
  *status = cuda::check_labels(queue, labels, given->n_patterns, n_clusters, error);
  if (*status != MOTES_OK) return queue.verdict();
  return given->with([&](const auto& patterns) {
    cuda::assign(queue, patterns, {panels.at(panels.data()), exact_clusters(weights, base, n_clusters)}, labels,
                 block.at(sums));
    return queue.verdict();
  });
}
