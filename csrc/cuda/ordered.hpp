// What rounds (rounds.hpp) leave over: in order of score, by one block for each part, a chunk at a time. A chunk's bits say
// who is near whom in it, and one thread goes through them.
//
// By arithmetic, of a million circles in one micrograph, each waiting for the next: 4,000 chunks of four phases, in each
// 128 pairs a thread (about 5,000 cycles of a multiprocessor's double precision), 256 steps of one thread (10,000) and two
// searches (5,000): 0.05 s in one launch, where rounds would be half a million, of five launches over all that are left.
#pragma once
#include "cuda/scores.hpp"

namespace motes::cuda {

// Rule:
//     struct Item                                  what pairs are judged by
//     Item item(uint32_t i) const
//     bool is_open(uint32_t i) const               none that was kept before the chunk takes it
//     bool is_near(Item later, Item before) const
//     void keep(uint32_t i) const
//     void take(uint32_t i) const
template <class Rule>
struct InOrder {
  static constexpr int kThreads = 256, kWord = 32, kWords = kThreads / kWord, kPhases = 4;
  struct Thread {
    uint32_t index;
    bool open;
  };
  struct Chunk {
    typename Rule::Item item[kThreads];
    uint32_t near[kThreads][kWords + 1];  // those before it that are near; 1: rows begin in unlike banks
    uint32_t kept[kWords];
    uint8_t open[kThreads];
  };
  Rule rule;
  const uint32_t* ordered;
  const int64_t* indptr;  // n_parts + 1
  int64_t n_parts;

  int64_t blocks() const { return n_parts; }
  int64_t shared_bytes() const { return sizeof(Chunk); }
  MOTES_HD Chunk* shared(unsigned char* memory) const { return reinterpret_cast<Chunk*>(memory); }
  MOTES_HD int64_t phases(int64_t part) const {
    return (indptr[part + 1] - indptr[part] + kThreads - 1) / kThreads * kPhases;
  }
  MOTES_HD void phase(int64_t k, const Spot& at, Chunk* const& chunk, Thread& own) const {
    switch (k % kPhases) {
      case 0: return enter(indptr[at.block] + k / kPhases * kThreads, at, *chunk, own);
      case 1: return compare(at.thread, *chunk);
      case 2:
        if (at.thread == 0) decide(*chunk);
        return;
      default:
        if (!own.open) return;
        if (chunk->kept[at.thread / kWord] >> (at.thread % kWord) & 1) rule.keep(own.index);
        else rule.take(own.index);
    }
  }

 private:
  MOTES_HD void enter(int64_t first, const Spot& at, Chunk& chunk, Thread& own) const {
    own.open = false;
    if (first + at.thread < indptr[at.block + 1]) {
      own.index = ordered[first + at.thread];
      own.open = rule.is_open(own.index);
      if (!own.open) rule.take(own.index);
    }
    chunk.open[at.thread] = own.open;
    if (own.open) chunk.item[at.thread] = rule.item(own.index);
  }

  MOTES_HD void compare(int thread, Chunk& chunk) const {
    if (!chunk.open[thread]) return;
    const typename Rule::Item item = chunk.item[thread];
    for (int word = 0; word <= thread / kWord; ++word) {
      uint32_t near = 0;
      for (int j = word * kWord; j < (word + 1) * kWord && j < thread; ++j)
        if (chunk.open[j] && rule.is_near(item, chunk.item[j])) near |= uint32_t{1} << (j % kWord);
      chunk.near[thread][word] = near;
    }
  }

  MOTES_HD void decide(Chunk& chunk) const {
    for (int word = 0; word < kWords; ++word) {
      uint32_t kept = 0;
      for (int bit = 0; bit < kWord; ++bit) {
        const int i = word * kWord + bit;
        if (!chunk.open[i]) continue;
        uint32_t against = chunk.near[i][word] & kept;
        for (int before = 0; before < word; ++before) against |= chunk.near[i][before] & chunk.kept[before];
        if (!against) kept |= uint32_t{1} << bit;
      }
      chunk.kept[word] = kept;
    }
  }
};

// Those of `left`, ascending indices, whom no round decided.
template <class Queue, class Rule>
void decide_in_order(Queue& queue, const Scores& scores, const Selected& left, const Rule& rule) {
  auto* const indptr = queue.template array<int64_t>(scores.n_parts + 1);
  for_each(queue, scores.n_parts + 1, CountParts{scores, left, indptr});
  queue.launch(InOrder<Rule>{rule, in_order_of_score(queue, scores, left), indptr, scores.n_parts});
}

}  // namespace motes::cuda
