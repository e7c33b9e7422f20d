#include "dispatch/isa.hpp"

#include <cstdlib>
#include <cstring>
#include <thread>

namespace motes {
namespace {

constexpr const char* kNames[] = {"baseline", "v3", "v4"};

Isa choose() {
  const char* forced = std::getenv("MOTES_ISA");
  for (const Isa isa : {Isa::v4, Isa::v3, Isa::baseline})
    if (forced && std::strcmp(forced, kNames[static_cast<int>(isa)]) == 0 && isa_available(isa)) return isa;
  for (const Isa isa : {Isa::v4, Isa::v3})
    if (isa_available(isa)) return isa;
  return Isa::baseline;
}

}  // namespace

bool isa_available([[maybe_unused]] Isa isa) {
#if defined(MOTES_X86_LEVELS)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("movbe") &&
                  __builtin_cpu_supports("f16c");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return isa == Isa::baseline || (isa == Isa::v3 && v3) || (isa == Isa::v4 && v4);
#else
  return isa == Isa::baseline;
#endif
}

Isa isa_in_use() {
  static const Isa isa = choose();
  return isa;
}

}  // namespace motes

const char* motes_version(void) { return MOTES_VERSION; }

int motes_version_number(void) { return MOTES_VERSION_NUMBER; }

const char* motes_isa(void) { return motes::kNames[static_cast<int>(motes::isa_in_use())]; }

int motes_isa_available(const char* name) {
  if (!name) return 0;
  for (const motes::Isa isa : {motes::Isa::baseline, motes::Isa::v3, motes::Isa::v4})
    if (std::strcmp(name, motes::kNames[static_cast<int>(isa)]) == 0) return motes::isa_available(isa);
  return 0;
}

int motes_hardware_threads(void) {
  const unsigned threads = std::thread::hardware_concurrency();
  return threads ? static_cast<int>(threads) : 1;
}
