// What bounds the kernels, with nothing else in the way: see dispatch/probes.hpp.
#include "kernels/reals.h"
#include "kernels/row.h"

namespace motes::MOTES_ISA {
namespace {

// Enough independent chains of additions that none waits for the one before, and few enough to stay in registers.
template <int Width>
void add_rows(const uint16_t* index, int64_t n, const float* table, float* sum) {
  constexpr int kLanes = kRowLanes<float, Width>;
  constexpr int kColumns = Width / kLanes;
  constexpr int kChains = 8 / kColumns;
  typedef Row<float, kLanes> Part;
  Part parts[kChains][kColumns];
  for (int g = 0; g < kChains; ++g)
    for (int c = 0; c < kColumns; ++c) parts[g][c] = Part::zero();
  const auto add = [&](int64_t i, int g) {
    const float* row = table + Width * static_cast<int64_t>(index[i]);
    for (int c = 0; c < kColumns; ++c) parts[g][c] += Part::load(row + c * kLanes);
  };
  int64_t i = 0;
  for (; i + kChains <= n; i += kChains)
    for (int g = 0; g < kChains; ++g) add(i + g, g);
  for (; i < n; ++i) add(i, 0);
  for (int g = 1; g < kChains; ++g)
    for (int c = 0; c < kColumns; ++c) parts[0][c] += parts[g][c];
  for (int c = 0; c < kColumns; ++c) parts[0][c].store(sum + c * kLanes);
}

}  // namespace

void probe_reads(const uint16_t* index, int64_t n, const float* table, int width, float* sum) {
  if (width == 4) add_rows<4>(index, n, table, sum);
  else add_rows<16>(index, n, table, sum);
}

void probe_additions(const uint16_t* index, int64_t n, const int32_t* amount, int32_t* table) {
  typedef Row<int32_t, 4> Amounts;
  const Amounts amounts = Amounts::load(amount);
  for (int64_t i = 0; i < n; ++i) {
    int32_t* to = table + 4 * static_cast<int64_t>(index[i]);
    Amounts sum = Amounts::load(to);
    sum += amounts;
    sum.store(to);
  }
}

int64_t probe_arithmetic(int64_t n_steps, double* value) {
  constexpr int kChains = 12;
  Reals x[kChains];
  for (int g = 0; g < kChains; ++g) x[g] = Reals{} + static_cast<double>(g);
  const Reals factor = Reals{} + 0.5, term = Reals{} + 1.0;
  for (int64_t i = 0; i < n_steps; ++i)
    for (int g = 0; g < kChains; ++g) x[g] = x[g] * factor + term;
  double sum = 0;
  for (int g = 0; g < kChains; ++g)
    for (int k = 0; k < kReals; ++k) sum += x[g][k];
  *value = sum / (kChains * kReals);
  return 2 * n_steps * kChains * kReals;
}

}  // namespace motes::MOTES_ISA
