// Suppression of circles: see motes/suppression.hpp. What is kept, and in which order, is what the CPU keeps.
#pragma once
#include "cuda/cells.hpp"
#include "cuda/ordered.hpp"
#include "cuda/rounds.hpp"

namespace motes::cuda {

struct Fates {
  uint8_t *blocked, *kept, *taken;  // each is written in one phase of a round only, and only by marks
};

struct Suppression {
  Scores scores;
  Cells cells;
  Fates fates;

  // Who is near one that stays: circles look for it at their own level and above ...
  MOTES_HD bool is_taken(uint32_t i) const {
    const Placed c = cells.circles[i];
    const auto is_taken_at = [&](int level) {
      return cells.search_kept(c, level, [&](uint32_t j) {
        const Placed other = cells.circles[j];
        return cells.may_be_near(c, other) && scores.before(j, i) && cells.is_near(c, other);
      });
    };
    return is_taken_at(cells.level(c.r)) || cells.larger_levels(c, is_taken_at);
  }
  // ... and one that stays takes larger ones.
  MOTES_HD void take_larger_ones(uint32_t i) const {
    const Placed c = cells.circles[i];
    cells.larger_levels(c, [&](int level) {
      return cells.search_open(c, level, [&](uint32_t j) {
        const Placed other = cells.circles[j];
        if (cells.may_be_near(c, other) && scores.before(i, j) && cells.is_near(other, c)) mark(fates.taken + j);
        return false;
      });
    });
  }
};

// The lists of this round.
struct Enter : Suppression {
  MOTES_HD void operator()(uint32_t i) const {
    fates.blocked[i] = 0;
    cells.put_open(i);
  }
};

// Who has a better one near it. Of a pair of unlike sizes, the smaller one speaks for both.
struct Compare : Suppression {
  MOTES_HD void operator()(uint32_t i) const {
    const Placed c = cells.circles[i];
    bool blocked = cells.search_open(c, cells.level(c.r), [&](uint32_t j) {
      const Placed other = cells.circles[j];
      return cells.may_be_near(c, other) && scores.before(j, i) && cells.is_near(c, other);
    });
    cells.larger_levels(c, [&](int level) {
      return cells.search_open(c, level, [&](uint32_t j) {
        const Placed other = cells.circles[j];
        if (j == i || !cells.may_be_near(c, other)) return false;
        if (scores.before(j, i)) blocked = blocked || cells.is_near(c, other);
        else if (cells.is_near(other, c)) mark(fates.blocked + j);
        return false;
      });
    });
    if (blocked) mark(fates.blocked + i);
  }
};

struct Keep : Suppression {
  MOTES_HD void operator()(uint32_t i) const {
    if (fates.blocked[i]) return;
    mark(fates.kept + i);
    cells.put_kept(i);
  }
};

struct Take : Suppression {
  MOTES_HD void operator()(uint32_t i) const {
    if (fates.kept[i]) take_larger_ones(i);
    else if (is_taken(i)) mark(fates.taken + i);
  }
};

struct StaysOpen : Suppression {
  MOTES_HD bool operator()(uint32_t i) const {
    cells.clear_open(i);
    return !fates.kept[i] && !fates.taken[i];
  }
};

struct IsOpen {
  Fates fates;
  MOTES_HD bool operator()(int64_t i) const { return !fates.kept[i] && !fates.taken[i]; }
};

// Those left over, by ordered.hpp: all of them stand in the open lists.
struct Settle : Suppression {
  using Item = Placed;
  MOTES_HD Item item(uint32_t i) const { return cells.circles[i]; }
  MOTES_HD bool is_open(uint32_t i) const { return !fates.taken[i] && !is_taken(i); }
  MOTES_HD bool is_near(const Item& later, const Item& before) const {
    return cells.may_be_near(later, before) && cells.is_near(later, before);
  }
  MOTES_HD void keep(uint32_t i) const {
    mark(fates.kept + i);
    cells.put_kept(i);
    take_larger_ones(i);
  }
  MOTES_HD void take(uint32_t i) const { mark(fates.taken + i); }
};

struct NotTaken {
  const uint8_t* taken;
  MOTES_HD bool operator()(int64_t i) const { return !taken[i]; }
};

// Who took whom: of the kept ones near a circle, the first. All that were taken stand in the open lists now.
struct SetRank {
  const uint32_t* ordered;
  uint32_t* rank;
  MOTES_HD void operator()(int64_t k) const { rank[ordered[k]] = static_cast<uint32_t>(k); }
};

struct FindFirst : Suppression {
  const uint32_t* rank;
  uint32_t* first;  // as large as can be
  MOTES_HD void operator()(uint32_t i) const {
    const Placed c = cells.circles[i];
    if (fates.taken[i]) {
      uint32_t mine = UINT32_MAX;
      const auto look_at = [&](int level) {
        return cells.search_kept(c, level, [&](uint32_t j) {
          const Placed other = cells.circles[j];
          if (rank[j] < mine && cells.may_be_near(c, other) && scores.before(j, i) && cells.is_near(c, other)) mine = rank[j];
          return false;
        });
      };
      look_at(cells.level(c.r));
      cells.larger_levels(c, look_at);
      take_smaller(first + i, mine);
      return;
    }
    cells.larger_levels(c, [&](int level) {
      return cells.search_open(c, level, [&](uint32_t j) {
        const Placed other = cells.circles[j];
        if (cells.may_be_near(c, other) && scores.before(i, j) && cells.is_near(other, c)) take_smaller(first + j, rank[i]);
        return false;
      });
    });
  }
};

struct EnterTaken : Suppression {
  uint32_t* first;
  MOTES_HD void operator()(uint32_t i) const {
    first[i] = UINT32_MAX;
    if (fates.taken[i]) cells.put_open(i);
  }
};

struct WriteSuppressor {
  const uint8_t* taken;
  const uint32_t *ordered, *first;
  int64_t* suppressor;
  MOTES_HD void operator()(int64_t i) const { suppressor[i] = taken[i] ? int64_t{ordered[first[i]]} : -1; }
};

struct WriteKept {
  const uint32_t* ordered;
  int64_t* kept;
  MOTES_HD void operator()(int64_t k) const { kept[k] = ordered[k]; }
};

template <class Queue>
Suppression lay_out(Queue& queue, const motes_circles& circles, const Scores& scores, const Nearness& near) {
  const int64_t n = circles.n, n_places = Cells::kPlaces * n;
  const Cells cells{near,
                    queue.template array<Placed>(n),
                    scores.indptr,
                    queue.template array<uint32_t>(scores.n_parts * Cells::kLevelWords),
                    queue.template array<uint32_t>(n_places),
                    queue.template array<uint32_t>(n_places),
                    queue.template array<uint32_t>(n)};
  const Fates fates{queue.template array<uint8_t>(n), queue.template array<uint8_t>(n), queue.template array<uint8_t>(n)};
  queue.zero(cells.levels, scores.n_parts * Cells::kLevelWords);
  queue.zero(cells.open, n_places);
  queue.zero(cells.kept, n_places);
  queue.zero(fates.kept, n);
  queue.zero(fates.taken, n);
  for_each(queue, n, Place{circles, scores, cells});
  return {scores, cells, fates};
}

// Returns how many are left.
template <class Queue>
int64_t decide_in_rounds(Queue& queue, const Suppression& all) {
  return in_rounds(queue, nullptr, all.scores.n, [&](const Open& open, uint32_t* to, uint32_t* n_to) {
    for_each_open(queue, open, Enter{all});
    for_each_open(queue, open, Compare{all});
    for_each_open(queue, open, Keep{all});
    for_each_open(queue, open, Take{all});
    queue.launch(Leave<StaysOpen>{StaysOpen{all}, open, to, n_to});
  });
}

template <class Queue>
void write_suppressors(Queue& queue, const Suppression& all, int64_t n_kept, const uint32_t* ordered, int64_t* suppressor) {
  const int64_t n = all.scores.n;
  auto* const first = queue.template array<uint32_t>(n);
  if (all.cells.near.possible) {
    auto* const rank = queue.template array<uint32_t>(n);
    const Open everybody{nullptr, nullptr, n};
    queue.zero(all.cells.open, Cells::kPlaces * n);
    for_each(queue, n_kept, SetRank{ordered, rank});
    for_each_open(queue, everybody, EnterTaken{all, first});
    for_each_open(queue, everybody, FindFirst{all, rank, first});
  }
  for_each(queue, n, WriteSuppressor{all.fates.taken, ordered, first, suppressor});
}

// Returns how many stay; room(n) gives the memory for their indices. All pointers are the device's, `suppressor` may be
// null. Waits.
template <class Queue, class Room>
int64_t suppress(Queue& queue, const motes_circles& circles, const Scores& scores, const Nearness& near, Room&& room,
                 int64_t* kept_indptr, int64_t* suppressor) {
  const int64_t n = circles.n;
  const Suppression all = lay_out(queue, circles, scores, near);
  if (near.possible && decide_in_rounds(queue, all) > 0) {
    const Selected left = select(queue, n, IsOpen{all.fates});
    for_each_open(queue, {left.index, nullptr, left.n}, Enter{all});
    decide_in_order(queue, scores, left, Settle{all});
  }
  const Selected found = select(queue, n, NotTaken{all.fates.taken});
  for_each(queue, scores.n_parts + 1, CountParts{scores, found, kept_indptr});
  const uint32_t* const ordered = in_order_of_score(queue, scores, found);
  for_each(queue, found.n, WriteKept{ordered, room(found.n)});
  if (suppressor) write_suppressors(queue, all, found.n, ordered, suppressor);
  return found.n;
}

}  // namespace motes::cuda
