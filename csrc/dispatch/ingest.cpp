#include "kernels/ingest.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "dispatch/ingest.hpp"
#include "dispatch/isa.hpp"
#include "dispatch/lanes.hpp"
#include "dispatch/panels.hpp"
#include "dispatch/validate.hpp"

MOTES_KERNEL(int64_t, largest_in_lane, const motes_integers&, Lane, int64_t*)
MOTES_KERNEL(IngestFinding, place_entries_in_order, const motes_coo&, int64_t, int64_t, int64_t*, void*, int, Lane)
MOTES_KERNEL(IngestFinding, count_buckets, const motes_coo&, int64_t, int64_t, Buckets, int64_t*, Lane)
MOTES_KERNEL(void, fill_buckets, const motes_coo&, Buckets, int64_t*, Entry*, Lane)
MOTES_KERNEL(BucketSize, sort_bucket, Entry*, Entry*, int64_t, int64_t, int64_t, int64_t*, int64_t*)
MOTES_KERNEL(void, write_bucket, const Entry*, BucketSize, int64_t, void*, int, int64_t*, int32_t*)

namespace motes {
namespace {

constexpr int64_t kEntriesPerLane = 1 << 17;
constexpr int64_t kLongestRows = (int64_t{1} << 20);  // of a bucket, so that its counters stay small

motes_status report(const IngestFinding& finding, const motes_coo& entries, int64_t n_patterns, int64_t n_pixels,
                    motes_error* error) {
  const auto at = finding.index;
  const auto outside = [&](const char* name, const motes_integers& values, int64_t limit) {
    int64_t negative = -1;
    const int64_t value = MOTES_CHOOSE(largest_in_lane)(values, Lane{at, at + 1}, &negative);
    return refuse_outside(name, values.type, value, at, limit, error);
  };
  switch (finding.fault) {
    case IngestFault::row: return outside("rows", entries.row, n_patterns);
    case IngestFault::column: return outside("cols", entries.column, n_pixels);
    case IngestFault::count: return outside("counts", entries.count, kCountLimit);
    default: return MOTES_OK;
  }
}

IngestFinding first_fault(const std::vector<IngestFinding>& findings) {
  IngestFinding result{IngestFault::none, -1, true};
  for (const auto& finding : findings) {
    result.in_order = result.in_order && finding.in_order;
    if (finding.fault != IngestFault::none) return finding;  // lanes ascend: the first index
  }
  return result;
}

// Entries in any order, repeated, or with counts: through buckets of neighbouring rows.
motes_status ingest_any(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, int64_t* indptr, void* pixels,
                        int pixel_bytes, int64_t* n_lit, int64_t* multi_position, int32_t* multi_extra,
                        int64_t* n_multi, const motes_run* run, motes_error* error) {
  Buckets buckets{1, 0};
  const int64_t wanted = std::clamp<int64_t>(entries.size / 32768, 1, 1024);
  while (((n_patterns - 1) >> buckets.shift) >= wanted) ++buckets.shift;
  while ((int64_t{1} << buckets.shift) > kLongestRows) --buckets.shift;
  buckets.n_buckets = n_patterns > 0 ? ((n_patterns - 1) >> buckets.shift) + 1 : 1;

  const int64_t n_lanes = lanes_in(entries.size, kEntriesPerLane);
  const int workers = workers_for(std::max(n_lanes, buckets.n_buckets), run);
  std::vector<int64_t> next(static_cast<size_t>(n_lanes * buckets.n_buckets), 0);
  std::vector<IngestFinding> findings(static_cast<size_t>(n_lanes), {IngestFault::none, -1, false});
  auto status = for_each_lane(entries.size, kEntriesPerLane, workers, run, [&](Lane lane, int) {
    const auto l = static_cast<size_t>(lane.begin / kEntriesPerLane);
    findings[l] = MOTES_CHOOSE(count_buckets)(entries, n_patterns, n_pixels, buckets,
                                              next.data() + l * static_cast<size_t>(buckets.n_buckets), lane);
  });
  if (status) return status;
  if (const auto bad = report(first_fault(findings), entries, n_patterns, n_pixels, error)) return bad;

  std::vector<int64_t> first(static_cast<size_t>(buckets.n_buckets) + 1, 0);
  int64_t total = 0, longest = 0;
  for (int64_t b = 0; b < buckets.n_buckets; ++b) {
    first[static_cast<size_t>(b)] = total;
    for (int64_t l = 0; l < n_lanes; ++l) {
      auto& start = next[static_cast<size_t>(l * buckets.n_buckets + b)];
      const int64_t size = start;
      start = total;
      total += size;
    }
    longest = std::max(longest, total - first[static_cast<size_t>(b)]);
  }
  first.back() = total;

  const Buffer<Entry> placed(total);
  status = for_each_lane(entries.size, kEntriesPerLane, workers, run, [&](Lane lane, int) {
    const auto l = static_cast<size_t>(lane.begin / kEntriesPerLane);
    MOTES_CHOOSE(fill_buckets)(entries, buckets, next.data() + l * static_cast<size_t>(buckets.n_buckets),
                               placed.get(), lane);
  });
  if (status) return status;

  const int64_t rows_per_bucket = int64_t{1} << buckets.shift;
  std::vector<Buffer<Entry>> spares;
  std::vector<Buffer<int64_t>> starts;
  for (int w = 0; w < workers; ++w) {
    spares.emplace_back(longest);
    starts.emplace_back(std::max<int64_t>(2048, rows_per_bucket) + 1);
  }
  std::vector<BucketSize> sizes(static_cast<size_t>(buckets.n_buckets));
  status = for_each_lane(buckets.n_buckets, 1, workers, run, [&](Lane lane, int w) {
    const auto b = static_cast<size_t>(lane.begin);
    const int64_t first_row = lane.begin << buckets.shift;
    sizes[b] = MOTES_CHOOSE(sort_bucket)(placed.get() + first[b], spares[static_cast<size_t>(w)].get(),
                                         first[b + 1] - first[b], std::min(rows_per_bucket, n_patterns - first_row),
                                         n_pixels, starts[static_cast<size_t>(w)].get(), indptr + first_row + 1);
  });
  if (status) return status;

  int64_t lit = 0, multi = 0;
  std::vector<int64_t> lit_before, multi_before;
  for (const auto& size : sizes) {
    if (size.overflow) return refuse_sum_of_counts(error);
    lit_before.push_back(lit);
    multi_before.push_back(multi);
    lit += size.n_lit;
    multi += size.n_multi;
  }
  *n_lit = lit;
  const int64_t capacity = *n_multi;
  *n_multi = multi;
  if (multi > capacity) return MOTES_TOO_SMALL;
  indptr[0] = 0;
  std::partial_sum(indptr, indptr + n_patterns + 1, indptr);
  return for_each_lane(buckets.n_buckets, 1, workers, run, [&](Lane lane, int) {
    const auto b = static_cast<size_t>(lane.begin);
    MOTES_CHOOSE(write_bucket)(placed.get() + first[b], sizes[b], lit_before[b], pixels, pixel_bytes,
                               multi_position + multi_before[b], multi_extra + multi_before[b]);
  });
}

}  // namespace
}  // namespace motes

motes_status motes_largest(motes_integers values, int64_t size, int64_t* largest, const char* name,
                           const motes_run* run, motes_error* error) {
  using namespace motes;
  if (!name) name = "values";
  if (size < 0) return refuse(error, -1, "%s: negative size", name);
  if (const auto bad = validate_integers(name, values, size, error)) return bad;
  if (const auto bad = validate_pointer("largest", largest, 1, error)) return bad;
  if (const auto bad = validate_run(run, error)) return bad;
  return guarded(error, [&] {
    const auto n_lanes = static_cast<size_t>(lanes_in(size, kEntriesPerLane));
    std::vector<int64_t> found(n_lanes, -1), negative(n_lanes, -1);
    const int workers = workers_for(static_cast<int64_t>(n_lanes), run);
    const auto status = for_each_lane(size, kEntriesPerLane, workers, run, [&](Lane lane, int) {
      const auto l = static_cast<size_t>(lane.begin / kEntriesPerLane);
      found[l] = MOTES_CHOOSE(largest_in_lane)(values, lane, &negative[l]);
    });
    if (status) return status;
    for (const int64_t at : negative)
      if (at >= 0) return refuse_negative(name, values.type, at, error);
    *largest = n_lanes ? *std::max_element(found.begin(), found.end()) : -1;
    return MOTES_OK;
  });
}

motes_status motes_ingest(const motes_coo* entries, int64_t n_patterns, int64_t n_pixels, int64_t* indptr, void* pixels,
                          int pixel_bytes, int64_t* n_lit, int64_t* multi_position, int32_t* multi_extra,
                          int64_t* n_multi, const motes_run* run, motes_error* error) {
  using namespace motes;
  if (!entries || !n_lit || !n_multi || !indptr) return refuse(error, -1, "entries, indptr, n_lit or n_multi: null pointer");
  if (const auto bad = validate_run(run, error)) return bad;
  if (const auto bad = validate_entries(entries, n_patterns, n_pixels, error)) return bad;
  if (pixel_bytes != 4 && (pixel_bytes != 2 || n_pixels > 65536))
    return refuse(error, -1, "pixel_bytes: %d for %lld pixels", pixel_bytes, static_cast<long long>(n_pixels));
  if (const auto bad = validate_pointer("pixels", pixels, entries->size, error)) return bad;
  if (const auto bad = validate_pointer("multi_position", multi_position, *n_multi, error)) return bad;
  if (const auto bad = validate_pointer("multi_extra", multi_extra, *n_multi, error)) return bad;
  return guarded(error, [&]() -> motes_status {
    if (!entries->count.data && n_patterns <= int64_t{1} << 32) {
      const auto n_lanes = static_cast<size_t>(lanes_in(entries->size, kEntriesPerLane));
      std::vector<IngestFinding> findings(n_lanes, {IngestFault::none, -1, true});
      const int workers = workers_for(static_cast<int64_t>(n_lanes), run);
      const auto status = for_each_lane(entries->size, kEntriesPerLane, workers, run, [&](Lane lane, int) {
        findings[static_cast<size_t>(lane.begin / kEntriesPerLane)] = MOTES_CHOOSE(place_entries_in_order)(
            *entries, n_patterns, n_pixels, indptr, pixels, pixel_bytes, lane);
      });
      if (status) return status;
      const auto finding = first_fault(findings);
      if (const auto bad = report(finding, *entries, n_patterns, n_pixels, error)) return bad;
      if (finding.in_order) {
        int64_t last_row = -1, negative = -1;
        if (entries->size > 0)
          last_row = MOTES_CHOOSE(largest_in_lane)(entries->row, Lane{entries->size - 1, entries->size}, &negative);
        std::fill(indptr + last_row + 1, indptr + n_patterns + 1, entries->size);
        *n_lit = entries->size;
        *n_multi = 0;
        return MOTES_OK;
      }
    }
    return ingest_any(*entries, n_patterns, n_pixels, indptr, pixels, pixel_bytes, n_lit, multi_position, multi_extra,
                      n_multi, run, error);
  });
}
