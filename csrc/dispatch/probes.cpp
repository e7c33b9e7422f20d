#include "dispatch/probes.hpp"

#include <algorithm>
#include <vector>

#include "dispatch/buffer.hpp"
#include "dispatch/guarded.hpp"
#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(void, probe_reads, const uint16_t*, int64_t, const float*, int, float*)
MOTES_KERNEL(void, probe_additions, const uint16_t*, int64_t, const int32_t*, int32_t*)
MOTES_KERNEL(int64_t, probe_arithmetic, int64_t, double*)

namespace motes {
namespace {

constexpr int64_t kMostAdded = int64_t{1} << 28;  // times 4 in an int32
constexpr int64_t kMostPasses = int64_t{1} << 20;
constexpr int64_t kSteps = 1 << 12;  // of arithmetic in a pass

motes_status validate_passes(int64_t n_passes, const motes_run* run, motes_error* error) {
  if (n_passes < 1 || n_passes > kMostPasses)
    return refuse(error, -1, "n_passes: expected 1 to %lld, got %lld", static_cast<long long>(kMostPasses),
                  static_cast<long long>(n_passes));
  return validate_run(run, error);
}

motes_status validate_index(const uint16_t* index, int64_t n, int64_t n_rows, motes_error* error) {
  for (int64_t i = 0; i < n; ++i)
    if (index[i] >= n_rows) return refuse(error, i, "index: a row outside the table");
  return MOTES_OK;
}

}  // namespace

motes_status probe_reads(const uint16_t* index, int64_t n, const float* table, int64_t n_rows, int width,
                         int64_t n_passes, double* sum, const motes_run* run, motes_error* error) {
  if (const auto bad = validate_passes(n_passes, run, error)) return bad;
  if (const auto bad = validate_index(index, n, n_rows, error)) return bad;
  return guarded(error, [&] {
    const Buffer<float> rows(n_rows * width), sums(n_passes * width);
    std::copy(table, table + n_rows * width, rows.get());
    const auto kernel = MOTES_CHOOSE(probe_reads);
    const auto status = for_each_lane(n_passes, 1, workers_for(n_passes, run), run, [&](Lane lane, int) {
      kernel(index, n, rows.get(), width, sums.get() + lane.begin * width);
    });
    for (int c = 0; c < width; ++c) {
      sum[c] = 0;
      for (int64_t pass = 0; pass < n_passes; ++pass) sum[c] += static_cast<double>(sums[pass * width + c]);
    }
    return status;
  });
}

motes_status probe_additions(const uint16_t* index, int64_t n, int64_t n_rows, int64_t n_passes, int64_t* counts,
                             const motes_run* run, motes_error* error) {
  if (const auto bad = validate_passes(n_passes, run, error)) return bad;
  if (n * n_passes > kMostAdded) return refuse(error, -1, "index, n_passes: expected at most 2^28 additions");
  if (const auto bad = validate_index(index, n, n_rows, error)) return bad;
  return guarded(error, [&] {
    const int n_workers = workers_for(n_passes, run);
    std::vector<Buffer<int32_t>> tables;
    for (int w = 0; w < n_workers; ++w) tables.emplace_back(4 * n_rows);
    const int32_t amount[] = {1, 2, 3, 4};
    const auto kernel = MOTES_CHOOSE(probe_additions);
    const auto status = for_each_lane(n_passes, 1, n_workers, run, [&](Lane, int w) {
      kernel(index, n, amount, tables[static_cast<size_t>(w)].get());
    });
    for (int64_t i = 0; i < 4 * n_rows; ++i) {
      counts[i] = 0;
      for (const auto& table : tables) counts[i] += table[i];
    }
    return status;
  });
}

motes_status probe_arithmetic(int64_t n_passes, int64_t* n_operations, double* value, const motes_run* run,
                              motes_error* error) {
  if (const auto bad = validate_passes(n_passes, run, error)) return bad;
  return guarded(error, [&] {
    std::vector<double> values(static_cast<size_t>(n_passes));
    std::vector<int64_t> operations(static_cast<size_t>(n_passes));
    const auto kernel = MOTES_CHOOSE(probe_arithmetic);
    const auto status = for_each_lane(n_passes, 1, workers_for(n_passes, run), run, [&](Lane lane, int) {
      const auto pass = static_cast<size_t>(lane.begin);
      operations[pass] = kernel(kSteps, &values[pass]);
    });
    *n_operations = 0;
    *value = 0;
    for (size_t pass = 0; pass < values.size(); ++pass) {
      *n_operations += operations[pass];
      *value += values[pass] / static_cast<double>(n_passes);
    }
    return status;
  });
}

}  // namespace motes
