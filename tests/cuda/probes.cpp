#include "cuda/probes.hpp"

#include "driver.hpp"

extern "C" int probe_reads(int64_t n_rows, int64_t n_each, int64_t n_blocks, int64_t* sums, int order) {
  return motes::cuda::run_on_host(motes::cuda::Reads{n_rows, n_each, n_blocks, sums}, order);
}

extern "C" int probe_additions(int64_t n_rows, int64_t n_each, int64_t n_blocks, int planar, int64_t* counts, int order) {
  if (planar) return motes::cuda::run_on_host(motes::cuda::Additions<true>{n_rows, n_each, n_blocks, counts}, order);
  return motes::cuda::run_on_host(motes::cuda::Additions<false>{n_rows, n_each, n_blocks, counts}, order);
}
