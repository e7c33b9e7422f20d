// Greedy suppression by all at once: in each round, whoever is open and has nobody better among the open ones near it is
// kept, and those near it are taken. What the greedy rule keeps in order of score is kept, nothing else: who is best
// around is never taken, whatever happens elsewhere. It takes as many rounds as the longest chain of those that wait for
// each other: few where scores do not follow places. Where they do, some are left after the last round, for ordered.hpp.
#pragma once
#include "cuda/atomics.hpp"
#include "cuda/queue.hpp"

namespace motes::cuda {

// Those not yet decided, in no order.
struct Open {
  const uint32_t* index;  // null: all of them, mixed
  const uint32_t* n;      // null: `most`
  int64_t most;           // what the host knows
  MOTES_HD int64_t size() const { return n ? *n : most; }
  MOTES_HD uint32_t operator[](int64_t k) const { return index ? index[k] : mixed(k); }

 private:
  // Whole warps change places: users like to sort by score, and lists made in that order would show the worst ones first
  // to all who look for a better one.
  MOTES_HD uint32_t mixed(int64_t k) const {
    constexpr uint64_t kPrime = 2654435761;  // more than there are warps
    const auto warp = static_cast<uint64_t>(k / 32), warps = static_cast<uint64_t>(most / 32);
    return static_cast<uint32_t>(warp < warps ? warp * kPrime % warps * 32 + static_cast<uint64_t>(k % 32) : k);
  }
};

template <class Body>  // void operator()(uint32_t i) const
struct OfOpen {
  Body body;
  Open open;
  MOTES_HD void operator()(int64_t k) const {
    if (k < open.size()) body(open[k]);
  }
};

template <class Queue, class Body>
void for_each_open(Queue& queue, const Open& open, const Body& body) {
  for_each(queue, open.most, OfOpen<Body>{body, open});
}

// Those that are still open, for the next round. Their order is chance; nothing depends on it.
template <class Stays>  // bool operator()(uint32_t i) const
struct Leave {
  static constexpr int kThreads = 256;
  struct Thread {
    uint32_t item, place;
    bool stays;
  };
  struct Block {
    uint32_t count, first;
  };
  Stays stays;
  Open open;
  uint32_t *to, *n;

  int64_t blocks() const { return blocks_for(open.most, kThreads); }
  int64_t shared_bytes() const { return sizeof(Block); }
  MOTES_HD Block* shared(unsigned char* memory) const { return reinterpret_cast<Block*>(memory); }
  MOTES_HD int64_t phases(int64_t) const { return 4; }
  MOTES_HD void phase(int64_t k, const Spot& at, Block* const& block, Thread& own) const {
    if (k == 0 && at.thread == 0) block->count = 0;
    if (k == 1) {
      own.stays = false;
      if (at.global() >= open.size()) return;
      own.item = open[at.global()];
      own.stays = stays(own.item);
      if (own.stays) own.place = take_places(&block->count, 1);
    }
    if (k == 2 && at.thread == 0) block->first = block->count > 0 ? take_places(n, block->count) : 0;
    if (k == 3 && own.stays) to[block->first + own.place] = own.item;
  }
};

// round(open, to, n_to) ends with a Leave; n items, or those of `index`, are open at first. Returns how many are at last.
template <class Queue, class Round>
int64_t in_rounds(Queue& queue, const uint32_t* index, int64_t n, Round&& round) {
  constexpr int kUnseen = 4;  // rounds before the host asks how many are left: waiting takes longer than a small round
  constexpr int kRounds = 32;
  uint32_t* const lists[2] = {queue.template array<uint32_t>(n), queue.template array<uint32_t>(n)};
  auto* const counts = queue.template array<uint32_t>(kUnseen);
  Open open{index, nullptr, n};
  for (int done = 0; done < kRounds && open.most > 0 && queue.fine(); done += kUnseen) {
    queue.zero(counts, kUnseen);
    for (int k = 0; k < kUnseen; ++k) {
      uint32_t* const to = lists[k % 2];
      round(open, to, counts + k);
      open = {to, counts + k, open.most};
    }
    open = {open.index, nullptr, static_cast<int64_t>(queue.read(open.n))};
  }
  return open.most;
}

}  // namespace motes::cuda
