// Random calls of every function of motes.h: mostly plausible, sometimes hostile (null pointers, absurd sizes, wrong enums
// and struct sizes, NaN, patterns with any field changed), with memory that fails and calls that are told to stop.
// The sanitizers look for what goes wrong inside; here it is checked that what must be refused is refused with a
// sentence, that nothing else is, and that results are the same for any number of threads.
//
//     motes_fuzz [--calls N] [--seconds S] [--seed K] [--threads T]
//
// Call number n of seed K depends on nothing else: `--seed K+n --calls 1` repeats it. T threads call at once.
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "session.hpp"

namespace fuzz {

double wild(Random& random) {
  if (!random.one_in(400)) return random.unit() * 6 - 3;
  const double inf = std::numeric_limits<double>::infinity();
  return random.of({0.0, -0.0, 1e-320, 1e-40, -1e-30, 1e19, -1e20, 1e21, 1e300, inf, -inf, std::nan("")});
}

bool Outputs::operator==(const Outputs& other) const {
  if (arrays_.size() != other.arrays_.size()) return false;
  for (size_t k = 0; k < arrays_.size(); ++k)
    if (arrays_[k].bytes() != other.arrays_[k].bytes() ||
        std::memcmp(arrays_[k].get(), other.arrays_[k].get(), arrays_[k].bytes()) != 0)
      return false;
  return true;
}

Session::Session(uint64_t seed) : random(seed), seed_(seed), spoiling_(random.one_in(3)) {}

Session::Way Session::way_to_run() {
  Way way{MOTES_RUN_INIT, random.one_in(5), random.one_in(8) ? static_cast<int>(random.below(12)) : -1};
  way.given.threads = static_cast<int>(random.between(0, 4));
  if (random.one_in(16)) {
    way.given.stop = [](void*) { return 1; };
  } else if (!way.null_run) {
    way.given.threads = number(way.given.threads, {-1, 1025, std::numeric_limits<int>::min()});
    way.given.struct_size = size_of(way.given.struct_size);
  }
  listened_ = !random.one_in(10);
  return way;
}

motes_error Session::fresh_error() {
  motes_error error;
  std::memset(&error, 0x5b, sizeof error);
  return error;
}

void Session::judge(const char* name, motes_status status, const motes_error& error, const Way& way) const {
  if (status < MOTES_OK || status > MOTES_TOO_SMALL) complain(name, "a status that there is not");
  if (must_refuse_ && status != MOTES_BAD_ARGUMENT && status != MOTES_OUT_OF_MEMORY && status != MOTES_INTERRUPTED)
    complain(name, "a bad argument was taken");
  if (status == MOTES_INTERRUPTED && !way.interrupts()) complain(name, "interrupted by nobody");
  if (status == MOTES_OK || !listened_) return;
  const size_t length = strnlen(error.text, sizeof error.text);
  if (length == 0 || length == sizeof error.text || error.text[0] == 0x5b) complain(name, "refused without a word");
  if (status != MOTES_BAD_ARGUMENT && error.index != -1) complain(name, "an index where there is none");
}

void Session::complain(const char* name, const char* what) const {
  std::fprintf(stderr, "motes_fuzz --seed %" PRIu64 " --calls 1: %s: %s\n", seed_, name, what);
  std::abort();
}

namespace {

void call_one(uint64_t seed) {
  Session session(seed);
  session.random.one_in(2) ? photons(session) : circles(session);
}

double option(int argc, char** argv, const std::string& name, double otherwise) {
  for (int k = 1; k + 1 < argc; k += 2)
    if (argv[k] == name) return std::atof(argv[k + 1]);
  return otherwise;
}

}  // namespace
}  // namespace fuzz

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  const double seconds = fuzz::option(argc, argv, "--seconds", 1e9);
  const auto n_calls = static_cast<uint64_t>(fuzz::option(argc, argv, "--calls", seconds < 1e9 ? 1e15 : 10000));
  const auto seed = static_cast<uint64_t>(fuzz::option(argc, argv, "--seed", 0));
  const auto began = Clock::now();
  std::atomic<uint64_t> next{0}, done{0};
  const auto work = [&] {
    while (std::chrono::duration<double>(Clock::now() - began).count() < seconds) {
      const uint64_t n = next.fetch_add(1);
      if (n >= n_calls) return;
      if (std::getenv("MOTES_FUZZ_VERBOSE")) std::fprintf(stderr, "%" PRIu64 "\n", seed + n);
      fuzz::call_one(seed + n);
      done.fetch_add(1);
    }
  };
  std::vector<std::thread> threads;
  for (int t = 1; t < static_cast<int>(fuzz::option(argc, argv, "--threads", 1)); ++t) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  std::printf("%" PRIu64 " calls, instruction set %s, %.0f s: nothing found\n", done.load(), motes_isa(),
              std::chrono::duration<double>(Clock::now() - began).count());
}
