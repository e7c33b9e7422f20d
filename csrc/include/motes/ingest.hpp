// Ingest: COO entries (pattern, pixel, count) become compact patterns.
//
//     x[row[e], column[e]] += count[e]        entries in any order; repeats add up; a count of 0 vanishes
//
// rows, columns, counts  any integer type; counts absent: one photon an entry
// error    none: whole numbers
// cost     entries in order (rows ascending, columns strictly ascending inside a row): one pass, 2 bytes written an entry.
//          Any other: buckets of neighbouring rows, counting sorts inside the cache; scratch of 12 bytes an entry
#pragma once
#include <vector>

#include "motes/error.hpp"

namespace motes {

// Owns its photons; view() is what the kernels take.
template <class Pixel>
class OwnedPatterns {
 public:
  OwnedPatterns(const motes_coo& entries, int64_t n_patterns, int64_t n_pixels, const motes_run* run = nullptr)
      : n_pixels_(n_pixels),
        indptr_(static_cast<size_t>(n_patterns) + 1),
        pixels_(static_cast<size_t>(entries.size)) {
    int64_t n_lit = 0, n_multi = 0;
    motes_error error;
    const auto ingest = [&] {
      return motes_ingest(&entries, n_patterns, n_pixels, indptr_.data(), pixels_.data(), sizeof(Pixel), &n_lit,
                          position_.data(), extra_.data(), &n_multi, run, &error);
    };
    auto status = ingest();
    if (status == MOTES_TOO_SMALL) {
      position_.resize(static_cast<size_t>(n_multi));
      extra_.resize(static_cast<size_t>(n_multi));
      status = ingest();
    }
    check(status, error);
    pixels_.resize(static_cast<size_t>(n_lit));
  }

  // Those of `which`, in its order.
  OwnedPatterns(const motes_patterns& patterns, std::span<const int64_t> which, const motes_run* run = nullptr)
      : n_pixels_(patterns.n_pixels), indptr_(which.size() + 1) {
    if (patterns.pixel_bytes != sizeof(Pixel)) throw Error("patterns: pixels of another type", -1);
    int64_t n_lit = 0, n_multi = 0;
    motes_error error;
    const auto n_which = static_cast<int64_t>(which.size());
    check(motes_take_count(&patterns, which.data(), n_which, &n_lit, &n_multi, &error), error);
    pixels_.resize(static_cast<size_t>(n_lit));
    position_.resize(static_cast<size_t>(n_multi));
    extra_.resize(static_cast<size_t>(n_multi));
    check(motes_take(&patterns, which.data(), n_which, indptr_.data(), pixels_.data(), position_.data(), extra_.data(),
                     run, &error),
          error);
  }

  motes_patterns view() const {
    return {sizeof(motes_patterns),
            static_cast<int64_t>(indptr_.size()) - 1,
            n_pixels_,
            indptr_.data(),
            pixels_.data(),
            static_cast<int>(sizeof(Pixel)),
            static_cast<int64_t>(position_.size()),
            position_.data(),
            extra_.data()};
  }

 private:
  int64_t n_pixels_;
  std::vector<int64_t> indptr_;
  std::vector<Pixel> pixels_;
  std::vector<int64_t> position_;
  std::vector<int32_t> extra_;
};

// Reads every photon of patterns from elsewhere.
inline void check_patterns(const motes_patterns& patterns) {
  motes_error error;
  check(motes_check_patterns(&patterns, &error), error);
}

// The largest of `size` values that are not negative; -1 of none.
inline int64_t largest(const char* name, motes_integers values, int64_t size, const motes_run* run = nullptr) {
  int64_t found = -1;
  motes_error error;
  check(motes_largest(values, size, &found, name, run, &error), error);
  return found;
}

// photons (M): of all patterns, in each pixel.
inline void total_image(const motes_patterns& patterns, std::span<int64_t> photons, const motes_run* run = nullptr) {
  check_extent("photons", photons.size(), patterns.n_pixels);
  motes_error error;
  check(motes_total_image(&patterns, photons.data(), run, &error), error);
}

}  // namespace motes
