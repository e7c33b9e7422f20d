// What is scored, in parts that are dealt with each for itself: circles in micrographs, pixels in maps. Who comes first,
// and those that were kept in that order.
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/sort.hpp"
#include "kernels/circles.h"
#include "kernels/order.h"

namespace motes::cuda {

struct Scores {
  const void* score;
  int real_bytes;
  int64_t n;  // 2^32 at most
  int64_t n_parts;
  const int64_t* indptr;  // n_parts + 1, on the device

  MOTES_HD double at(int64_t i) const { return number_at(score, real_bytes, i); }
  MOTES_HD bool before(int64_t i, int64_t j) const {
    const double a = at(i), b = at(j);
    return a > b || (a == b && i < j);
  }
  MOTES_HD int64_t part_of(int64_t i) const {
    int64_t low = 0, high = n_parts;  // its part ends after i, and no part before it does
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (indptr[middle + 1] <= i) low = middle + 1;
      else high = middle;
    }
    return low;
  }
};

struct ScoreDigit {
  Scores scores;
  int shift;
  MOTES_HD uint32_t operator()(uint32_t i) const {
    return static_cast<uint32_t>(MOTES_ISA::descending_key(scores.at(i)) >> shift) & (kDigits - 1);
  }
};

struct PartDigit {
  Scores scores;
  int shift;
  MOTES_HD uint32_t operator()(uint32_t i) const {
    return static_cast<uint32_t>(scores.part_of(i) >> shift) & (kDigits - 1);
  }
};

// Which bits of the keys are not the same in all: only their digits are sorted by.
struct KeyBits {
  static constexpr int kThreads = 256, kWords = 4;
  static constexpr int64_t kMostBlocks = 1024;
  struct Thread {};
  struct Words {
    uint32_t word[kWords];  // ones of the lower and the upper half, then zeros
    MOTES_HD uint64_t varying() const {
      const uint32_t low = word[0] & word[2], high = word[1] & word[3];
      return static_cast<uint64_t>(high) << 32 | low;
    }
  };
  Scores scores;
  const uint32_t* index;
  int64_t n;
  Words* bits;  // zeroed

  int64_t blocks() const { return blocks_for(n, kThreads, kMostBlocks); }
  int64_t shared_bytes() const { return sizeof(Words); }
  MOTES_HD Words* shared(unsigned char* memory) const { return reinterpret_cast<Words*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 3; }
  MOTES_HD void phase(int64_t k, const Spot& at, Words* const& words, Thread&) const {
    if (k == 0 && at.thread < kWords) words->word[at.thread] = 0;
    if (k == 2 && at.thread < kWords) or_bits(bits->word + at.thread, words->word[at.thread]);
    if (k != 1) return;
    uint64_t ones = 0, zeros = 0;
    for (int64_t i = at.global(); i < n; i += at.all()) {
      const uint64_t key = MOTES_ISA::descending_key(scores.at(index[i]));
      ones |= key;
      zeros |= ~key;
    }
    or_bits(words->word, static_cast<uint32_t>(ones));
    or_bits(words->word + 1, static_cast<uint32_t>(ones >> 32));
    or_bits(words->word + 2, static_cast<uint32_t>(zeros));
    or_bits(words->word + 3, static_cast<uint32_t>(zeros >> 32));
  }
};

// Ascending indices, sorted by part, then by score, highest first; equal scores keep their order.
template <class Queue>
uint32_t* in_order_of_score(Queue& queue, const Scores& scores, const Selected& found) {
  if (found.n < 2) return found.index;
  auto* const bits = queue.template array<KeyBits::Words>(1);
  queue.zero(bits, 1);
  queue.launch(KeyBits{scores, found.index, found.n, bits});
  const uint64_t varying = queue.read(bits).varying();
  Sorting<Queue> sorting(queue, found);
  for (int shift = 0; shift < 64; shift += kDigitBits)
    if (varying >> shift & (kDigits - 1)) sorting.by_digit(ScoreDigit{scores, shift});
  if (varying)  // otherwise parts ascend as they did
    for (int shift = 0; shift < 63 && (scores.n_parts - 1) >> shift; shift += kDigitBits)
      sorting.by_digit(PartDigit{scores, shift});
  return sorting.index;
}

// indptr of those that were found: how many stand before each part.
struct CountParts {
  Scores scores;
  Selected found;
  int64_t* found_indptr;  // n_parts + 1
  MOTES_HD void operator()(int64_t part) const {
    int64_t low = 0, high = found.n;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (found.index[middle] < scores.indptr[part]) low = middle + 1;
      else high = middle;
    }
    found_indptr[part] = low;
  }
};

}  // namespace motes::cuda
