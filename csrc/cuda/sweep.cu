#include <vector>

#include "cuda/families.hpp"
#include "cuda/uploaded.hpp"
#include "cuda/stages.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {

MOTES_INSTANTIATE_SWEEPS(, float, uint16_t)
MOTES_INSTANTIATE_SWEEPS(, float, uint32_t)
MOTES_INSTANTIATE_SWEEPS(, double, uint16_t)
MOTES_INSTANTIATE_SWEEPS(, double, uint32_t)

namespace {

void tell(const SumsBlock& block, std::vector<int64_t>& numbers, int64_t quantum_bits, motes_sums* sums) {
  const Sums found = block.at(numbers.data());
  std::copy_n(found.planes, block.n_templates * block.n_pixels, sums->planes);
  std::copy_n(found.weights, block.n_templates, sums->weights);
  sums->log_likelihood[0] = found.log_likelihood[0] + (found.log_likelihood[1] >> kLogBits);
  sums->log_likelihood[1] = found.log_likelihood[1] & ((int64_t{1} << kLogBits) - 1);
  sums->n_impossible = *found.n_impossible;
  sums->quantum = 1.0 / static_cast<double>(int64_t{1} << quantum_bits);
}

template <class Real>
motes_status sums_of(const PatternsHeld& held, const Real* weights, const Real* base, int64_t n_templates, bool hard,
                     motes_sums* sums, cudaStream_t stream, motes_error* error) {
  if (const auto bad = validate_scoring(held.arrays, weights, base, n_templates, error)) return bad;
  if (const auto bad = validate_sums<Real>(held, error)) return bad;
  return guarded([&] {
    const SumsBlock block{held.arrays.n_pixels, n_templates};
    std::vector<int64_t> numbers(static_cast<size_t>(block.size()));
    if (held.arrays.n_patterns > 0) {
      StreamQueue queue(stream, "CUDA: sweep", error);
      const auto panels = std::make_shared<const Panels<Real>>(weights, base, n_templates, held.arrays.n_pixels);
      const auto status = with_pixels(held.arrays, [&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
        sweep_in_turns(queue, patterns, panels, hard, numbers.data());
        return queue.status();
      });
      if (status) return status;
    }
    tell(block, numbers, Fixed<Real>::kBits, sums);
    return MOTES_OK;
  });
}

}  // namespace

motes_status sweep(const PatternsHeld& patterns, const float* weights, const float* base, int64_t n_templates,
                   motes_assignment_rule rule, motes_sums* sums, cudaStream_t stream, motes_error* error) {
  return sums_of(patterns, weights, base, n_templates, rule == MOTES_HARD, sums, stream, error);
}
motes_status sweep(const PatternsHeld& patterns, const double* weights, const double* base, int64_t n_templates,
                   motes_assignment_rule rule, motes_sums* sums, cudaStream_t stream, motes_error* error) {
  return sums_of(patterns, weights, base, n_templates, rule == MOTES_HARD, sums, stream, error);
}

}  // namespace motes::cuda
