// Kernels that are wrong on purpose, beside a right one: does the driver find what it is there to find?
#include "cuda/atomics.hpp"
#include "driver.hpp"

namespace motes::cuda {
namespace {

enum Mistake : int { kNone = 0, kNoBarrier = 1, kNothingZeroed = 2, kBeyondEnd = 3, kBlocksRace = 4, kUnset = 5 };

// sum[0] = total of the values, by a sum in each block's memory.
struct Sum {
  static constexpr int kThreads = 32;
  struct Thread {
    int64_t mine;
  };
  const int64_t* values;
  int64_t n;
  int64_t* sum;
  int mistake;

  int64_t blocks() const { return blocks_for(n, kThreads, 3); }
  int64_t shared_bytes() const { return static_cast<int64_t>(sizeof(int64_t)); }
  int64_t* shared(unsigned char* memory) const { return reinterpret_cast<int64_t*>(memory); }
  int64_t phases(int64_t) const { return 3; }
  void phase(int64_t k, const Spot& at, int64_t* shared, Thread& thread) const {
    const int writer = mistake == kNoBarrier ? 7 : 0;
    switch (k) {
      case 0:
        if (mistake != kUnset) thread.mine = 0;
        if (at.thread == writer && mistake != kNothingZeroed) *shared = 0;
        if (mistake == kBeyondEnd) shared[1] = 0;
        if (mistake == kNoBarrier) add_fixed(shared, 1);
        break;
      case 1:
        for (int64_t i = at.global(); i < n; i += at.all()) thread.mine += values[i];
        add_fixed(shared, thread.mine);
        break;
      default:
        if (at.thread > 0) return;
        if (mistake == kBlocksRace)
          *sum = *shared;
        else
          add_fixed(sum, *shared);
    }
  }
};

}  // namespace
}  // namespace motes::cuda

extern "C" int toy_sum(const int64_t* values, int64_t n, int64_t* sum, int64_t mistake, int order) {
  *sum = 0;
  return motes::cuda::run_on_host(motes::cuda::Sum{values, n, sum, static_cast<int>(mistake)}, order);
}
