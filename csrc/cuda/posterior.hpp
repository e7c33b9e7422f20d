// The posterior over templates: see motes/likelihood.hpp, and kernels/softmax.h for the formulas. Labels have the bits
// of the CPU; in float32 also responsibilities and evidence: up to four templates of any, beyond of one with AVX-512.
//
// At most four templates: a thread scores a pattern and takes the softmax; what holds it is the likelihood's: 2 bytes
// and one 16-byte read of shared memory for a photon, and 4 bytes for each number that is wanted.
//
// More: the rows of likelihood.hpp, in place where responsibilities are wanted, and softmax_rows.hpp: besides the
// likelihood, 4 bytes for each score are written three times and read three.
#pragma once
#include "cuda/likelihood.hpp"
#include "cuda/runs.hpp"
#include "cuda/softmax_rows.hpp"

namespace motes::cuda {

// Device memory; each may be null.
template <class Real>
struct Wanted {
  int32_t* label;        // (N)
  Real* responsibility;  // (N, R)
  Real* evidence;        // (N)
};

template <class Real, class Pixel, bool Staged>
struct PosteriorOfFour {
  static constexpr int kThreads = 512;
  struct Thread {};

  PatternsOn<Pixel> patterns;
  Templates<Real> templates;
  Wanted<Real> wanted;
  int64_t blocks_each;

  int64_t blocks() const { return blocks_each; }
  int64_t shared_bytes() const { return Staged ? templates.n_pixels * static_cast<int64_t>(sizeof(Four<Real>)) : 0; }
  MOTES_HD Four<Real>* shared(unsigned char* memory) const { return reinterpret_cast<Four<Real>*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return Staged ? 2 : 1; }

  MOTES_HD void phase(int64_t k, const Spot& at, Four<Real>* shared, Thread&) const {
    if (Staged && k == 0) return stage(templates.table, templates.n_pixels, shared, at);
    const Four<Real>* rows = Staged ? shared : templates.table;
    const int64_t n = templates.n_templates;
    for (int64_t p = at.global(); p < patterns.n_patterns; p += at.all()) {
      Four<Real> score = score_of(patterns, p, rows, *templates.base);
      if (wanted.label) wanted.label[p] = first_largest(score, n);
      if (!wanted.responsibility && !wanted.evidence) continue;
      const double log_evidence = softmax(score);
      if (wanted.responsibility) store_four(score, n, wanted.responsibility + p * n);
      if (wanted.evidence) wanted.evidence[p] = static_cast<Real>(log_evidence);
    }
  }
};

template <class Queue, class Real, class Pixel>
void posterior_of_four(Queue& queue, const PatternsOn<Pixel>& patterns, const Templates<Real>& templates,
                       const Wanted<Real>& wanted) {
  const auto run = [&](auto kernel) {
    kernel.blocks_each = queue.panel_blocks(kernel, patterns.n_patterns, 1);
    queue.launch(kernel);
  };
  const PosteriorOfFour<Real, Pixel, true> staged{patterns, templates, wanted, 1};
  if (staged.shared_bytes() <= queue.shared_per_block()) return run(staged);
  run(PosteriorOfFour<Real, Pixel, false>{patterns, templates, wanted, 1});
}

template <class Queue, class Real, class Pixel>
void posterior(Queue& queue, const PatternsOn<Pixel>& all, const Templates<Real>& templates,
               const Wanted<Real>& wanted) {
  if (all.n_patterns == 0) return;
  if (templates.n_panels == 1) return posterior_of_four(queue, all, templates, wanted);
  const Row leave = wanted.responsibility || wanted.evidence ? Row::kResponsibilities : Row::kWinner;
  const auto finish = [&](const PatternsOn<Pixel>& some, int64_t begin, Real* rows, int64_t stride) {
    score_rows(queue, some, templates, rows, stride);
    queue.launch(SoftmaxRows<Real>{rows, some.n_patterns, stride, templates.n_templates, leave, {},
                                   wanted.label ? wanted.label + begin : nullptr,
                                   wanted.evidence ? wanted.evidence + begin : nullptr});
  };
  if (wanted.responsibility) return finish(all, 0, wanted.responsibility, templates.n_templates);
  const int64_t stride = templates.n_panels * kWidth;
  in_runs<Real>(queue, all, stride, [&](const PatternsOn<Pixel>& some, int64_t begin, Real* rows) {
    finish(some, begin, rows, stride);
  });
}

}  // namespace motes::cuda
