#include "cuda/families.hpp"
#include "cuda/stages.hpp"
#include "cuda/held.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

MOTES_INSTANTIATE_EACH(MOTES_INSTANTIATE_SCORES, )

namespace {

template <class Real>
motes_status scores(const PatternsHeld& held, const Real* weights, const Real* base, int64_t n_templates, Real* out,
                    cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_scoring(held.arrays, weights, base, n_templates, error)) return bad;
  if (held.arrays.n_patterns == 0) return MOTES_OK;
  return guarded([&] {
    StreamQueue queue(stream, "CUDA: likelihood", error);
    const auto panels = std::make_shared<const Panels<Real>>(weights, base, n_templates, held.arrays.n_pixels);
    auto* const rows = queue.array<Four<Real>>(panels->size());
    queue.put(rows, panels->data(), panels->size(), panels);
    return with_pixels(held.arrays, [&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
      launch_scores(queue, patterns, panels->at(rows), out, n_templates);
      return queue.status();
    });
  });
}

}  // namespace

motes_status likelihood(const PatternsHeld& patterns, const float* weights, const float* base, int64_t n_templates,
                        float* out, cudaStream_t stream, motes_error* error) {
  return scores(patterns, weights, base, n_templates, out, stream, error);
}
motes_status likelihood(const PatternsHeld& patterns, const double* weights, const double* base, int64_t n_templates,
                        double* out, cudaStream_t stream, motes_error* error) {
  return scores(patterns, weights, base, n_templates, out, stream, error);
}

}  // namespace motes::cuda
