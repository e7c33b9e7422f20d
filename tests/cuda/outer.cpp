#include "cuda/outer.hpp"

#include "containers.hpp"
#include "queue.hpp"

#include "dispatch/validate.cpp"
#include "dispatch/validate_outer.cpp"

extern "C" int outer(const motes::cuda::PatternsGiven* given, const float* coefficients, int64_t n_orbits,
                     int64_t n_templates, const int32_t* orbit, const uint8_t* phase, const uint8_t* turn,
                     int coefficients_too, double* sums, motes_error* error, int64_t* status, int order) {
  using namespace motes;
  cuda::HostQueue queue(order);
  const motes_orbits orbits{n_orbits, n_templates, orbit, phase, turn};
  const int64_t n_slots = (n_orbits + coefficients_too) * n_templates;
  return given->with([&](const auto& patterns) {
    *status = cuda::outer(queue, patterns, coefficients, orbits, coefficients_too != 0, n_slots, sums, error);
    return queue.verdict();
  });
}
