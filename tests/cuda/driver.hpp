// Runs a kernel of phases (csrc/cuda/phases.hpp) on the host, one thread after the other, in an order of choice.
//
// What a GPU does not promise is made different from order to order, so that a result that leans on it differs, too:
// the order of blocks, that of threads in each phase, and what memory and variables hold before anything is written
// there. Bytes beyond the end of a block's memory are checked after each of its phases.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <type_traits>
#include <vector>

#include "cuda/phases.hpp"

namespace motes::cuda {

enum Order : int { kAscending = 0, kDescending = 1 };  // any larger number: shuffled, by this seed

enum Verdict : int { kFine = 0, kWroteBeyondShared = 1, kTooMuchShared = 2, kWroteBeyondArray = 3, kNoRoom = 4 };

constexpr int64_t kMostShared = 227 << 10;  // of sm_90; sm_80 has 163 KiB

template <class Index>
std::vector<Index> in_order(Index n, int order, std::mt19937& random) {
  std::vector<Index> indices(static_cast<size_t>(n));
  std::iota(indices.begin(), indices.end(), Index{0});
  if (order == kDescending) std::reverse(indices.begin(), indices.end());
  if (order > kDescending) std::shuffle(indices.begin(), indices.end(), random);
  return indices;
}

template <class Kernel>
int run_on_host(const Kernel& kernel, int order) {
  using Thread = typename Kernel::Thread;
  static_assert(std::is_trivially_copyable_v<Kernel> && std::is_trivially_copyable_v<Thread>);
  constexpr size_t kGuard = 256;
  const auto bytes = static_cast<size_t>(kernel.shared_bytes());
  if (kernel.shared_bytes() > kMostShared) return kTooMuchShared;
  std::mt19937 random(static_cast<unsigned>(order));
  const int rubbish = order == kAscending ? 0xff : order == kDescending ? 0x00 : 0x41 + order % 32;
  std::vector<unsigned char> storage(bytes + kGuard + 32);
  void* start = storage.data();
  size_t space = storage.size();
  auto* memory = static_cast<unsigned char*>(std::align(32, bytes + kGuard, start, space));
  std::vector<Thread> threads(Kernel::kThreads);
  for (const int64_t block : in_order(kernel.blocks(), order, random)) {
    std::memset(memory, rubbish, bytes);
    std::memset(memory + bytes, 0x5a, kGuard);
    std::memset(static_cast<void*>(threads.data()), rubbish, sizeof(Thread) * threads.size());
    decltype(auto) shared = kernel.shared(memory);
    const int64_t n_phases = kernel.phases(block);
    for (int64_t k = 0; k < n_phases; ++k) {
      for (const int t : in_order(Kernel::kThreads, order, random))
        kernel.phase(k, Spot{block, kernel.blocks(), t, Kernel::kThreads}, shared, threads[static_cast<size_t>(t)]);
      if (!std::all_of(memory + bytes, memory + bytes + kGuard, [](unsigned char c) { return c == 0x5a; }))
        return kWroteBeyondShared;
    }
  }
  return kFine;
}

}  // namespace motes::cuda
