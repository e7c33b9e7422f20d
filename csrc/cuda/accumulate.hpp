// planes[i, r] = sum_p amount[p, r] x[p, i], for amounts in fixed point that a `Source` gives: the responsibilities of
// a sweep, the coefficients of a back-rotation.
//
// A block takes one panel of four templates and a run of patterns, 1024 at a time, and sums into narrow planes in
// shared memory. A narrow sum that has come to half of what it can hold is moved to its wide one: with at most 2^20 for
// each pattern, 1024 more can not overflow the other half. How often that happens depends on the photons, what is
// summed does not. Amounts of 8 bytes need no narrow planes: they go where they belong.
//
// The narrow planes of the four templates stand one after the other: a warp's threads add to one of them, at random
// pixels, on all 32 banks, and the fullest gets 3.54 of 32 additions. (Side by side the four sums of a pixel would keep
// them to 8 banks, and the fullest would get 7.05.) At an addition a bank and cycle, 132 multiprocessors of 1.98 GHz
// add the amounts of 5.9e11 photons a second: of 2.74e8 photons in 0.46 ms.
//
//     using Amount;                                              int32_t or int64_t
//     static constexpr int64_t kBytesAPixel;                     of shared memory, for a table of its own
//     MOTES_HD void stage(int64_t panel, Table*, const Spot&) const
//     MOTES_HD Four<Amount> amounts(const PatternsOn<Pixel>&, int64_t p, int64_t panel, const Table*, Tally&) const
#pragma once
#include "cuda/queue.hpp"
#include "cuda/sums.hpp"

namespace motes::cuda {

// One panel of the wide planes (M, R), at its first column; columns beyond R are of no template.
struct WidePlanes {
  int64_t* planes;
  int64_t stride, columns;

  MOTES_HD void add(int64_t pixel, int r, int64_t amount) const {
    if (r < columns && amount != 0) add_fixed(planes + pixel * stride + r, amount);
  }
};

template <class Source, class Pixel, bool Staged>
struct Accumulate {
  using Amount = typename Source::Amount;
  using Table = typename Source::Table;
  static constexpr int kThreads = 512;
  static constexpr int64_t kChunk = 1024;
  static constexpr int32_t kHalf = int32_t{1} << 30;
  static constexpr bool kNarrow = Staged && sizeof(Amount) == 4;
  static constexpr int64_t kBytesAPixel =
      Source::kBytesAPixel + (kNarrow ? kWidth * static_cast<int64_t>(sizeof(int32_t)) : 0);
  // Each number of the block's tally in so many places: in one, 512 threads would meet, and additions of 8 bytes to shared
  // memory are loops of compare and swap.
  static constexpr int kLanes = 32;
  static constexpr int64_t kTallyBytes = Tally::kNumbers * kLanes * static_cast<int64_t>(sizeof(int64_t));

  using Thread = Tally;
  struct Shared {
    int64_t* tally;  // (kNumbers, kLanes)
    Table* table;
    int32_t* narrow;  // (4, M)
  };

  PatternsOn<Pixel> patterns;
  Source source;
  Sums sums;
  int64_t n_templates, n_panels, blocks_each;

  int64_t blocks() const { return n_panels * blocks_each; }
  int64_t shared_bytes() const { return kTallyBytes + kBytesAPixel * patterns.n_pixels; }
  MOTES_HD Shared shared(unsigned char* memory) const {
    unsigned char* table = memory + kTallyBytes;
    unsigned char* narrow = table + Source::kBytesAPixel * patterns.n_pixels;
    return {reinterpret_cast<int64_t*>(memory), reinterpret_cast<Table*>(table), reinterpret_cast<int32_t*>(narrow)};
  }

  // Before; a chunk; between; a chunk; ...; after; and the block's tally.
  MOTES_HD int64_t phases(int64_t block) const {
    const int64_t part = block % blocks_each, n_chunks = (begin(part + 1) - begin(part) + kChunk - 1) / kChunk;
    return n_chunks == 0 ? 0 : 2 * n_chunks + 2;
  }

  MOTES_HD void phase(int64_t k, const Spot& at, const Shared& shared, Thread& thread) const {
    const int64_t panel = at.block / blocks_each, part = at.block % blocks_each, last = phases(at.block) - 1;
    const WidePlanes wide{sums.planes + panel * kWidth, n_templates, n_templates - panel * kWidth};
    if (k == 0) {
      thread = {};
      for (int i = at.thread; i < Tally::kNumbers * kLanes; i += at.threads) shared.tally[i] = 0;
      source.stage(panel, shared.table, at);
      if (kNarrow)
        for (int64_t i = at.thread; i < kWidth * patterns.n_pixels; i += at.threads) shared.narrow[i] = 0;
    } else if (k == last) {
      if (at.thread < Tally::kNumbers) deliver(sums, panel, n_templates, at.thread, total(shared.tally, at.thread));
    } else if (k == last - 1) {
      if (kNarrow) flush(shared.narrow, 1, wide, at);
      MOTES_UNROLL
      for (int i = 0; i < Tally::kNumbers; ++i)
        if (thread.numbers()[i] != 0) add_fixed(shared.tally + i * kLanes + at.thread % kLanes, thread.numbers()[i]);
    } else if (k % 2 == 0) {
      if (kNarrow) flush(shared.narrow, kHalf, wide, at);
    } else {
      const int64_t from = begin(part) + k / 2 * kChunk,
                    to = from + kChunk < begin(part + 1) ? from + kChunk : begin(part + 1);
      for (int64_t p = from + at.thread; p < to; p += at.threads) {
        const Four<Amount> amount = source.amounts(patterns, p, panel, shared.table, thread);
        for (int r = 0; r < kWidth; ++r) thread.weights[r] += amount.at[r];
        scatter(p, amount, shared.narrow, wide);
      }
    }
  }

 private:
  MOTES_HD static int64_t total(const int64_t* tally, int i) {
    int64_t sum = 0;
    for (int lane = 0; lane < kLanes; ++lane) sum += tally[i * kLanes + lane];
    return sum;
  }

  // Of the run of patterns that is one block's of a panel.
  MOTES_HD int64_t begin(int64_t part) const {
    const int64_t each = patterns.n_patterns / blocks_each, more = patterns.n_patterns % blocks_each;
    return part * each + (part < more ? part : more);
  }

  MOTES_HD void scatter(int64_t p, const Four<Amount>& amount, int32_t* narrow, const WidePlanes& wide) const {
    if (!(amount.at[0] | amount.at[1] | amount.at[2] | amount.at[3])) return;
    for_each_photon(patterns, p, [&](int64_t pixel) {
      for (int r = 0; r < kWidth; ++r)
        if constexpr (!kNarrow)
          wide.add(pixel, r, amount.at[r]);
        else if (amount.at[r] != 0)
          add_fixed(narrow + r * patterns.n_pixels + pixel, amount.at[r]);
    });
    for_each_multi(patterns, p, [&](int64_t pixel, int32_t extra) {
      for (int r = 0; r < kWidth; ++r) wide.add(pixel, r, static_cast<int64_t>(extra) * amount.at[r]);
    });
  }

  // Narrow sums of `least` and more to their wide ones.
  MOTES_HD void flush(int32_t* narrow, int32_t least, const WidePlanes& wide, const Spot& at) const {
    for (int64_t i = at.thread; i < patterns.n_pixels; i += at.threads)
      for (int r = 0; r < kWidth; ++r) {
        int32_t& sum = narrow[r * patterns.n_pixels + i];
        if (sum < least && -sum < least) continue;
        wide.add(i, r, sum);
        sum = 0;
      }
  }
};

// Staged where a panel fits the memory of a block, else from and to device memory: `source.operator()<Staged>()`.
template <class Queue, class Pixel, class MakeSource>
void accumulate(Queue& queue, const PatternsOn<Pixel>& patterns, MakeSource source, const Sums& sums,
                int64_t n_templates) {
  const int64_t n_panels = panels_of(n_templates);
  const auto run = [&](auto kernel) {
    kernel.blocks_each = queue.panel_blocks(kernel, patterns.n_patterns, n_panels);
    queue.launch(kernel);
  };
  const auto staged = source.template operator()<true>();
  const Accumulate<decltype(staged), Pixel, true> kernel{patterns, staged, sums, n_templates, n_panels, 1};
  if (kernel.shared_bytes() <= queue.shared_per_block()) return run(kernel);
  const auto plain = source.template operator()<false>();
  run(Accumulate<decltype(plain), Pixel, false>{patterns, plain, sums, n_templates, n_panels, 1});
}

}  // namespace motes::cuda
