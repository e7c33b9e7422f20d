// What sums of outer products ask of their arguments, wherever the patterns are.
#pragma once
#include "motes/motes.h"

namespace motes {

// The orbits of these many pixels, and whether they can do without coefficients.
motes_status validate_orbits(const motes_orbits* orbits, int64_t n_pixels, bool with_coefficients, motes_error* error);
motes_status refuse_coefficient(double value, int64_t index, motes_error* error);

// Rows of the matrix of sums, with the coefficients' own among them or not.
motes_status slots_of(const motes_orbits& orbits, bool coefficients_too, int64_t* n_slots, motes_error* error);

// Bits of a coefficient such that every sum of products stays a whole number below 2^53. `squares`: sum over pixels with
// n photons of n^2 - 1.
motes_status bits_of_coefficients(int64_t n_patterns, double squares, int64_t n_templates, bool given, int* bits,
                                  motes_error* error);

}  // namespace motes
