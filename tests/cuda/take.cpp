#include "cuda/take.hpp"

#include "containers.hpp"
#include "queue.hpp"

using namespace motes;

// The first of two calls has no room for photons, and tells how many there are: n_lit, n_multi, photons beyond the first.
extern "C" int take(const cuda::PatternsGiven* given, const int64_t* which, int64_t n, int64_t* indptr, void* pixels,
                    int64_t* position, int32_t* extra, int64_t* found, int order) {
  return given->with([&]<class Pixel>(const cuda::PatternsOn<Pixel>& patterns) {
    cuda::HostQueue queue(order);
    const auto taking = cuda::lengths_of(queue, patterns, which, n, indptr);
    found[0] = taking.n_lit;
    found[1] = taking.n_multi;
    if (pixels) found[2] = cuda::copy_photons(queue, taking, static_cast<Pixel*>(pixels), position, extra);
    return queue.verdict();
  });
}
