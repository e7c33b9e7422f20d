#include "dispatch/ingest.hpp"
#include "dispatch/validate.hpp"

namespace motes {

motes_status validate_integers(const char* name, const motes_integers& values, int64_t size, motes_error* error) {
  if (values.type < MOTES_INT8 || values.type > MOTES_UINT64)
    return refuse(error, -1, "%s: unknown integer type %d", name, static_cast<int>(values.type));
  return validate_pointer(name, values.data, size, error);
}

motes_status validate_entries(const motes_coo* entries, int64_t n_patterns, int64_t n_pixels, motes_error* error) {
  if (entries->size < 0 || n_patterns < 0 || n_pixels < 0 || n_pixels > int64_t{1} << 32)
    return refuse(error, -1, "entries: %lld of %lld patterns of %lld pixels", static_cast<long long>(entries->size),
                  static_cast<long long>(n_patterns), static_cast<long long>(n_pixels));
  if (const auto bad = validate_integers("rows", entries->row, entries->size, error)) return bad;
  if (const auto bad = validate_integers("cols", entries->column, entries->size, error)) return bad;
  return entries->count.data ? validate_integers("counts", entries->count, entries->size, error) : MOTES_OK;
}

motes_status refuse_negative(const char* name, motes_integer type, int64_t at, motes_error* error) {
  return refuse(error, at, type == MOTES_UINT64 ? "%s: more than 2^63 - 1 at index %lld" : "%s: negative at index %lld",
                name, static_cast<long long>(at));
}

motes_status refuse_outside(const char* name, motes_integer type, int64_t value, int64_t at, int64_t limit,
                            motes_error* error) {
  if (value < 0) return refuse_negative(name, type, at, error);
  return refuse(error, at, "%s: %lld at index %lld is outside 0..%lld", name, static_cast<long long>(value),
                static_cast<long long>(at), static_cast<long long>(limit - 1));
}

motes_status refuse_sum_of_counts(motes_error* error) {
  return refuse(error, -1, "counts: more than 2^31 photons in one pixel of one pattern");
}

}  // namespace motes
