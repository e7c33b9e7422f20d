// Expectation maximisation with libmotes: draws 100,000 patterns of 25x25 pixels and about 27 photons each, of one image
// turned by 0 to 3 clockwise quarter turns, and finds it in 20 sweeps. em.c and em.py do the same, bit for bit.
#include <motes/backrotation.hpp>
#include <motes/ingest.hpp>
#include <motes/sweep.hpp>

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

constexpr int64_t kSide = 25, kPixels = kSide * kSide, kTurns = 4, kPatterns = 100000;

uint64_t state = 2026;
double uniform() {  // in [0, 1)
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>(state >> 11) / 9007199254740992.0;
}

int main() try {
  std::vector<int32_t> index(kTurns * kPixels);  // template r shows, at pixel i, the master's pixel index[r, i]
  for (int32_t i = 0; i < kPixels; ++i) index[i] = i;
  for (int64_t r = 1; r < kTurns; ++r)
    for (int64_t y = 0; y < kSide; ++y)
      for (int64_t x = 0; x < kSide; ++x)
        index[r * kPixels + y * kSide + x] = index[(r - 1) * kPixels + (kSide - 1 - x) * kSide + y];

  std::vector<double> master(kPixels), templates(kPixels * kTurns), planes(kPixels * kTurns);
  for (int64_t i = 0; i < kPixels; ++i)
    master[i] = (i / kSide < 9 ? 0.06 : 0.01) + 0.03 * static_cast<double>(i % kSide) / kSide;  // a bar over a ramp
  motes::expand(master, index, templates);
  std::vector<int32_t> row;
  std::vector<uint16_t> column;
  for (int32_t p = 0; p < kPatterns; ++p) {
    const auto turn = static_cast<int64_t>(kTurns * uniform());
    for (int64_t i = 0; i < kPixels; ++i)
      if (uniform() < templates[i * kTurns + turn]) row.push_back(p), column.push_back(static_cast<uint16_t>(i));
  }
  const auto size = static_cast<int64_t>(row.size());
  const motes_coo entries{size, {row.data(), MOTES_INT32}, {column.data(), MOTES_UINT16}, {nullptr, MOTES_INT8}};
  const motes::OwnedPatterns<uint16_t> owned(entries, kPatterns, kPixels);
  const motes_patterns patterns = owned.view();

  // The patterns' mean is all but symmetric, a place where no sweep can tell the turns apart: start elsewhere.
  for (double& mean : master) mean = 0.02 + 0.04 * uniform();
  std::vector<float> weights(kPixels * kTurns), base(kTurns);
  std::vector<int64_t> sums(kPixels * kTurns), share(kTurns);
  double log_likelihood = 0;
  for (int iteration = 0; iteration < 20; ++iteration) {
    motes::expand(master, index, templates);
    for (int64_t r = 0; r < kTurns; ++r) {
      double none = std::log(1.0 / kTurns);
      for (int64_t i = 0; i < kPixels; ++i) {
        const double mean = templates[i * kTurns + r];
        weights[i * kTurns + r] = static_cast<float>(std::log(mean) - std::log1p(-mean));
        none += std::log1p(-mean);
      }
      base[r] = static_cast<float>(none);
    }
    const motes_sums swept = motes::sweep(patterns, weights, base, sums, share);
    log_likelihood = motes::log_likelihood(swept) / kPatterns;
    for (size_t i = 0; i < planes.size(); ++i) planes[i] = static_cast<double>(sums[i]) * swept.quantum;
    motes::rotate_home(planes, index, master);
    for (double& mean : master) mean = std::fmax(mean / kPatterns, 1e-6);
  }

  uint64_t checksum = 14695981039346656037u;  // FNV-1a over the master's bits
  for (const double mean : master) {
    uint64_t bits;
    std::memcpy(&bits, &mean, sizeof bits);
    checksum = (checksum ^ bits) * 1099511628211u;
  }
  std::printf("photons %zu\nlog-likelihood %.17g\nmaster %016" PRIx64 "\n", row.size(), log_likelihood, checksum);
} catch (const std::exception& error) {
  std::fprintf(stderr, "em: %s\n", error.what());
  return 1;
}
