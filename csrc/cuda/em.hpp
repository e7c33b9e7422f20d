// Expectation maximisation where the patterns are: motes.reconstruction.problem, with the master in device memory from
// one iteration to the next. What an iteration asks for is one number, the log-likelihood.
//
// Launches: 4 for the templates of a master (model.hpp), 1 for the sweep (3 for each part of the patterns, for more than
// four rotations), 1 for the M step, and one clearing of the sums; an extrapolation has 2 of its own. An iteration of
// SQUAREM, two sweeps, is thus 14 launches, 2 clearings, 1 copy on the device and one copy of 24 bytes to the host.
// At the 3 to 4 us that a launch takes to be asked for that is 60 us, and the arithmetic on M pixels, one latency of
// memory for each launch, hides behind them. The sweep of W7 (100,000 patterns, 2.7 million photons, R = 4) on an H100:
// its photons, 5.5 MB read twice, 4 us at 3.3 TB/s; its 11 million integer additions to shared memory, 340,000 for whole
// warps, whose threads add at random pixels of one plane and thus on all 32 banks, 3.5 on the fullest: 340,000 x 3.5
// cycles / (132 multiprocessors x 1.7 GHz), 5 us. So launches bound W7, not photons: 0.1 ms an
// iteration, 1 ms for the 8 that it takes; start and error bars on the processor, 0.25 s, are all that is seen of it.
//
// Agreement with NumPy: the same formulas in float64; logarithms differ by an ulp, sums over pixels in their order. What
// is summed over patterns is exact.
#pragma once
#include "cuda/model.hpp"
#include "cuda/passes.hpp"

namespace motes::cuda {

// What stays the same while a master is sought: device memory.
struct Setting {
  int64_t n_pixels, n_rotations;
  const int32_t* index;    // (R, M): the master's pixel that each template shows at each pixel of the detector
  const int32_t* inverse;  // (R, M): the pixel where each template shows each pixel of the master
  const uint8_t* good;     // (M)
  const int64_t* photons;  // (M): of all patterns, at good pixels
  int64_t n_patterns;
  Noise noise;
  double low, high;     // of means
  double least_weight;  // of rotations, before they are made to sum to 1
  bool estimate_weights;

  MOTES_HD int64_t seen_at(int64_t r, int64_t j) const { return inverse[r * n_pixels + j]; }
  MOTES_HD bool seen(int64_t j) const {
    for (int64_t r = 0; r < n_rotations; ++r)
      if (good[seen_at(r, j)]) return true;
    return false;
  }
};

// A master with what one sweep at it tells: one array of float64.
struct Point {
  double* values;
  int64_t n_pixels, n_rotations;

  static constexpr int kTold = 3;
  MOTES_HD int64_t size() const { return 4 * n_pixels + 2 * n_rotations + kTold; }
  MOTES_HD double* master() const { return values; }
  MOTES_HD double* weights() const { return values + n_pixels; }
  MOTES_HD double* em_master() const { return weights() + n_rotations; }
  MOTES_HD double* em_weights() const { return em_master() + n_pixels; }
  // Nats per pattern; of an extrapolation its length, and the nats of the point in its middle.
  MOTES_HD double* told() const { return em_weights() + n_rotations; }
  MOTES_HD double* home() const { return told() + kTold; }      // photons turned home
  MOTES_HD double* looks() const { return home() + n_pixels; }  // patterns that had a chance to put a photon there
};

// What iterations write over again.
template <class Real>
struct Workspace {
  Model<Real> model;
  int64_t* sums;  // a SumsBlock
  RoomForRows<Real> scores;
  double* lengths;  // 2
};

template <class Real, class Queue>
Workspace<Real> workspace_for(Queue& queue, const Setting& setting) {
  const int64_t n_panels = panels_of(setting.n_rotations);
  Workspace<Real> work{};
  work.model = model_of<Real>(queue, setting.n_pixels, setting.n_rotations, setting.n_pixels);
  work.sums = queue.template array<int64_t>(SumsBlock{setting.n_pixels, setting.n_rotations}.size());
  if (n_panels > 1) work.scores = room_for_rows<Real>(queue, setting.n_patterns, n_panels * kWidth);
  work.lengths = queue.template array<double>(2);
  return work;
}

// Probabilities of R rotations by one block of kSummands threads: each at least `least` before they are made to sum to 1.
// Up to eight are summed in their order, more in a fixed tree of stretches.
struct WeightsInside {
  double* weights;
  int64_t n;
  double least;

  static constexpr int64_t kPhases = 2 + kTreePhases;
  template <class Raw>  // double operator()(int64_t r) const: what they are at first
  MOTES_HD void phase(int64_t k, int thread, double* partial, const Raw& raw) const {
    if (k > 0 && k <= kTreePhases) {
      climb_tree(k, thread, partial);
      return;
    }
    const int64_t even = (n + kSummands - 1) / kSummands, each = even < 8 ? 8 : even, first = thread * each;
    double sum = 0;
    for (int64_t r = first; r < first + each && r < n; ++r) {
      if (k > 0) {
        weights[r] /= partial[0];
        continue;
      }
      const double weight = raw(r);
      weights[r] = weight < least ? least : weight;
      sum += weights[r];
    }
    if (k == 0) partial[thread] = sum;
  }
};

// The M step. A block takes 32 pixels of the master, each brought home from all rotations by eight threads; the last block
// takes the weights. Whole numbers of quanta are added up, so that no order shows.
template <class Real>
struct MStep {
  static constexpr int kThreads = kSummands, kPixels = 32, kLanes = kThreads / kPixels;
  struct Thread {};
  struct Home {
    int64_t photons, patterns;
  };
  struct Block {
    Home home[kLanes][kPixels];
    int64_t patterns[kThreads], total;
    double partial[kThreads];
  };

  Setting setting;
  Model<Real> model;
  Sums sums;
  Point point;

  static constexpr double kQuantum = 1.0 / static_cast<double>(int64_t{1} << Fixed<Real>::kBits);

  int64_t blocks() const { return n_tiles() + 1; }
  int64_t shared_bytes() const { return sizeof(Block); }
  MOTES_HD Block* shared(unsigned char* memory) const { return reinterpret_cast<Block*>(memory); }
  MOTES_HD int64_t phases(int64_t block) const { return block < n_tiles() ? 2 : 2 + WeightsInside::kPhases; }

  MOTES_HD void phase(int64_t k, const Spot& at, Block* const& block, Thread&) const {
    if (at.block == n_tiles()) return take_weights(k, at.thread, *block);
    const int pixel = at.thread % kPixels, lane = at.thread / kPixels;
    const int64_t j = at.block * kPixels + pixel;
    if (j >= setting.n_pixels) return;
    if (k == 0) block->home[lane][pixel] = from_rotations(j, lane);
    else if (lane == 0) take_mean(j, pixel, *block);
  }

 private:
  MOTES_HD int64_t n_tiles() const { return (setting.n_pixels + kPixels - 1) / kPixels; }

  MOTES_HD Home from_rotations(int64_t j, int lane) const {
    const int64_t n = setting.n_rotations;
    Home home{};
    for (int64_t r = lane; r < n; r += kLanes) {
      const int64_t i = setting.seen_at(r, j);
      if (!setting.good[i]) continue;
      home.photons += sums.planes[i * n + r];
      home.patterns += sums.weights[r];
    }
    return home;
  }

  MOTES_HD void take_mean(int64_t j, int pixel, const Block& block) const {
    Home home{};
    for (int lane = 0; lane < kLanes; ++lane) {
      home.photons += block.home[lane][pixel].photons;
      home.patterns += block.home[lane][pixel].patterns;
    }
    const double photons = static_cast<double>(home.photons) * kQuantum,
                 looks = static_cast<double>(home.patterns) * kQuantum;
    point.home()[j] = photons;
    point.looks()[j] = looks;
    const double mean = looks > 0 ? photons / (looks < 1e-300 ? 1e-300 : looks) : point.master()[j];
    point.em_master()[j] = clipped(mean, setting.low, setting.high);
  }

  MOTES_HD void take_weights(int64_t k, int thread, Block& block) const {
    const int64_t n = setting.n_rotations;
    if (k == 0) {
      block.patterns[thread] = 0;
      for (int64_t r = thread; r < n; r += kThreads) block.patterns[thread] += sums.weights[r];
    } else if (k == 1 && thread == 0) {
      block.total = 0;
      for (int t = 0; t < kThreads && t < n; ++t) block.total += block.patterns[t];
      const double nats = model.common_nats(nats_of(sums), setting.n_patterns);
      point.told()[0] = nats / static_cast<double>(setting.n_patterns > 0 ? setting.n_patterns : 1);
    } else if (k > 1 && setting.estimate_weights && setting.noise != Noise::kSquares && block.total > 0) {
      const auto total = static_cast<double>(block.total);
      WeightsInside{point.em_weights(), n, setting.least_weight}.phase(
          k - 2, thread, block.partial, [&](int64_t r) { return static_cast<double>(sums.weights[r]) / total; });
    } else if (k == 2) {
      for (int64_t r = thread; r < n; r += kThreads) point.em_weights()[r] = point.weights()[r];
    }
  }
};

template <class Real, class Queue>
void set_templates(Queue& queue, const Setting& setting, const Point& point, const Workspace<Real>& work) {
  const Means means{point.master(),    sizeof(double),      setting.index, setting.n_pixels,
                    setting.n_rotations, setting.n_pixels, setting.good,  -HUGE_VAL,
                    HUGE_VAL};
  const double* prior = setting.noise == Noise::kSquares ? nullptr : point.weights();
  set_model(queue, means, setting.noise, prior, setting.photons, work.model);
}

// One sweep at the point's master and weights: fills the rest of it. The log-likelihood is of use where the patterns are
// all that the setting knows.
template <class Real, class Pixel, class Queue>
void evaluate(Queue& queue, const Setting& setting, const PatternsOn<Pixel>& patterns, bool hard, const Point& point,
              const Workspace<Real>& work) {
  set_templates(queue, setting, point, work);
  const SumsBlock block{setting.n_pixels, setting.n_rotations};
  queue.zero(work.sums, block.size());
  const Sums sums = block.at(work.sums);
  if (patterns.n_patterns > 0) sweep_through(queue, patterns, work.model.templates(), hard, sums, work.scores);
  queue.launch(MStep<Real>{setting, work.model, sums, point});
}

// Begins `point` at the M step from another.
template <class Queue>
void advance(Queue& queue, const Point& from, const Point& point) {
  queue.copy(point.master(), static_cast<const double*>(from.em_master()), from.n_pixels + from.n_rotations);
}

// Squares of the first difference and of the second, in the metric of the complete-data information.
struct Bend {
  Setting setting;
  Point start, first;
  MOTES_HD double operator()(int64_t row, int64_t j) const {
    if (!setting.seen(j)) return 0;
    const double from = start.master()[j], to = first.master()[j];
    const double change = row == 0 ? to - from : first.em_master()[j] - 2 * to + from;
    return precision_of(setting.noise, from) * (change * change);
  }
};

// A thread to a pixel; the last block takes the weights.
struct Extrapolation {
  static constexpr int kThreads = kSummands;
  struct Thread {};

  Setting setting;
  Point start, first, point;
  const double* lengths;  // of the first difference and of the second, squared
  double longest;

  int64_t blocks() const { return n_tiles() + 1; }
  int64_t shared_bytes() const { return kThreads * sizeof(double); }
  MOTES_HD double* shared(unsigned char* memory) const { return reinterpret_cast<double*>(memory); }
  MOTES_HD int64_t phases(int64_t block) const { return block < n_tiles() ? 1 : WeightsInside::kPhases; }

  MOTES_HD void phase(int64_t k, const Spot& at, double* const& partial, Thread&) const {
    const double length = step();
    const int64_t j = at.global(), n = setting.n_rotations;
    if (at.block < n_tiles()) {
      if (j >= setting.n_pixels) return;
      const double mean = along(start.master()[j], first.master()[j], first.em_master()[j], length);
      point.master()[j] = clipped(mean, setting.low, setting.high);
      return;
    }
    if (k == 0 && at.thread == 0) {
      point.told()[1] = length;
      point.told()[2] = first.told()[0];
    }
    if (setting.estimate_weights) {
      WeightsInside{point.weights(), n, setting.least_weight}.phase(k, at.thread, partial, [&](int64_t r) {
        return along(start.weights()[r], first.weights()[r], first.em_weights()[r], length);
      });
    } else if (k == 0) {
      for (int64_t r = at.thread; r < n; r += kThreads) point.weights()[r] = start.weights()[r];
    }
  }

 private:
  MOTES_HD int64_t n_tiles() const { return (setting.n_pixels + kThreads - 1) / kThreads; }
  MOTES_HD double step() const {
    if (!(lengths[1] > 0)) return 1;
    const double length = sqrt(lengths[0] / lengths[1]);
    return clipped(length, 1, longest);
  }
  MOTES_HD static double along(double from, double first, double second, double length) {
    return from + 2 * length * (first - from) + length * length * (second - 2 * first + from);
  }
};

// Begins `point` beyond two steps from `start`, of which `first` is the first: see motes.reconstruction.em.Squarem.
template <class Real, class Queue>
void extrapolate(Queue& queue, const Setting& setting, const Point& start, const Point& first, double longest,
                 const Point& point, const Workspace<Real>& work) {
  sum_rows(queue, 2, setting.n_pixels, work.lengths, Bend{setting, start, first});
  queue.launch(Extrapolation{setting, start, first, point, work.lengths, longest});
}

}  // namespace motes::cuda
