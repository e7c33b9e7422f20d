// Lanes: pieces of fixed size that idle threads take. Where a lane begins never depends on the number of threads.
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/isa.h"
#include "motes/motes.h"

namespace motes {

constexpr int kMaxThreads = 1024;
constexpr int64_t kPatternsPerLane = 4096;

// Threads that a call over n_lanes lanes will use.
int workers_for(int64_t n_lanes, const motes_run* run);

inline int64_t lanes_in(int64_t size, int64_t per_lane) { return size / per_lane + (size % per_lane != 0); }

using LaneBody = void (*)(void* context, int64_t lane, int worker);

// Calls body(context, lane, worker) for each lane once, worker < workers, on the calling thread and on the pool's;
// MOTES_INTERRUPTED if run->stop said so before the last lane was taken.
motes_status run_lanes(int64_t n_lanes, int workers, const motes_run* run, LaneBody body, void* context);

// body(Lane, worker) over [0, size).
template <class Body>
motes_status for_each_lane(int64_t size, int64_t per_lane, int workers, const motes_run* run, Body&& body) {
  struct Context {
    Body& body;
    int64_t size, per_lane;
  } context{body, size, per_lane};
  return run_lanes(
      lanes_in(size, per_lane), workers, run,
      [](void* opaque, int64_t lane, int worker) {
        auto& c = *static_cast<Context*>(opaque);
        c.body(Lane{lane * c.per_lane, std::min(c.size, (lane + 1) * c.per_lane)}, worker);
      },
      &context);
}

}  // namespace motes
