#include <algorithm>
#include <vector>

#include "cuda/families.hpp"
#include "cuda/launch.cuh"
#include "cuda/stages.hpp"
#include "cuda/sweep.hpp"
#include "cuda/uploaded.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

// Patterns whose scores are in memory at once, where there are more than four templates: as many as fit this, and half
// as many as long as the device has no room for them.
constexpr int64_t kScoreBytes = int64_t{1} << 30;
constexpr int64_t kFewest = 1024;

// Staged where a panel fits the memory of a block, else from and to device memory.
template <template <class, class, bool> class Kernel, class Real, class Pixel, class MakeSource>
motes_status accumulate(MakeSource source, const PatternsOn<Pixel>& patterns, const Templates<Real>& templates,
                        const Sums& sums, const Limits& limits, cudaStream_t stream, motes_error* error) {
  const auto run = [&](auto kernel) {
    kernel.blocks_each = blocks_for_panels(kernel, patterns.n_patterns, templates.n_panels, limits.multiprocessors);
    return launch(kernel, stream, "CUDA: sweep", error);
  };
  const Kernel<Real, Pixel, true> staged{
      patterns, source.template operator()<true>(), sums, templates.n_templates, templates.n_panels, 1};
  if (staged.shared_bytes() <= limits.shared_per_block) return run(staged);
  return run(Kernel<Real, Pixel, false>{patterns, source.template operator()<false>(), sums, templates.n_templates,
                                        templates.n_panels, 1});
}

template <class Real, class Pixel>
motes_status in_one_pass(const PatternsOn<Pixel>& patterns, const Templates<Real>& templates, bool hard,
                         const Sums& sums, const Limits& limits, cudaStream_t stream, motes_error* error) {
  const auto source = [&]<bool Staged>() { return Responsibilities<Real, Staged>{templates, hard}; };
  return accumulate<SweepOfFour, Real>(source, patterns, templates, sums, limits, stream, error);
}

template <class Real, class Pixel>
motes_status in_three_passes(const PatternsOn<Pixel>& all, const Templates<Real>& templates, bool hard,
                             const Sums& sums, const Limits& limits, cudaStream_t stream, motes_error* error) {
  using Amount = typename Fixed<Real>::Amount;
  const int64_t stride = templates.n_panels * kWidth, row_bytes = stride * static_cast<int64_t>(sizeof(Real));
  int64_t n_each = std::clamp(kScoreBytes / row_bytes, kFewest, std::max(kFewest, all.n_patterns));
  Scratch rows(stream);
  for (;; n_each /= 2) {
    const auto status = rows.ask(n_each * row_bytes, error);
    if (status == MOTES_OK) break;
    if (status != MOTES_OUT_OF_MEMORY || n_each / 2 < kFewest) return status;
  }
  for (int64_t begin = 0; begin < all.n_patterns; begin += n_each) {
    PatternsOn<Pixel> some = all;
    some.indptr += begin;
    some.n_patterns = std::min(n_each, all.n_patterns - begin);
    auto* scores = rows.as<Real>();
    if (const auto bad = launch_scores(some, templates, scores, stride, limits, stream, error)) return bad;
    const SoftmaxRows<Real> softmax{
        scores, some.n_patterns, stride, templates.n_templates, hard ? Row::kWinner : Row::kAmounts,
        sums,   nullptr,         nullptr};
    if (const auto bad = launch(softmax, stream, "CUDA: softmax", error)) return bad;
    const auto source = [&]<bool>() { return Rows<Amount>{rows.as<const Four<Amount>>(), templates.n_panels}; };
    if (const auto bad = accumulate<SweepOfRows, Real>(source, some, templates, sums, limits, stream, error))
      return bad;
  }
  return MOTES_OK;
}

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
  if (held.n_photons >= static_cast<double>(int64_t{1} << (63 - Fixed<Real>::kBits)))
    return refuse(error, -1, "patterns: too many photons for exact sums; sweep parts");
  return guarded([&] {
    const SumsBlock block{held.arrays.n_pixels, n_templates};
    std::vector<int64_t> numbers(static_cast<size_t>(block.size()));
    if (held.arrays.n_patterns > 0) {
      Limits limits;
      if (const auto bad = limits_of_current(&limits, error)) return bad;
      Uploaded<Real> uploaded(weights, base, n_templates, held.arrays.n_pixels, stream);
      if (const auto bad = uploaded.upload(error)) return bad;
      Scratch memory(stream);
      const auto bytes = sizeof(int64_t) * numbers.size();
      if (const auto bad = memory.ask(static_cast<int64_t>(bytes), error)) return bad;
      auto* sums_there = memory.as<int64_t>();
      if (const auto bad = told(cudaMemsetAsync(sums_there, 0, bytes, stream), "CUDA: sweep", error)) return bad;
      const auto status = with_pixels(held.arrays, [&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
        const auto pass = n_templates <= kWidth ? &in_one_pass<Real, Pixel> : &in_three_passes<Real, Pixel>;
        return pass(patterns, uploaded.templates(), hard, block.at(sums_there), limits, stream, error);
      });
      if (status) return status;
      auto code = cudaMemcpyAsync(numbers.data(), sums_there, bytes, cudaMemcpyDeviceToHost, stream);
      if (code == cudaSuccess) code = cudaStreamSynchronize(stream);
      if (const auto bad = told(code, "CUDA: sweep", error)) return bad;
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
