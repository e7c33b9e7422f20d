// Algorithms of several launches are written once, for a queue: that of a GPU (queue.cuh), or that of the tests, which
// runs the same launches on the host (tests/cuda/queue.hpp).
//
//     T* array<T>(int64_t n)              memory for n items until the queue ends, aligned to 64 bytes; holds rubbish
//     T* array_if_fits<T>(n)              the same, but null, and no error, where there is no room for it
//     const T* upload(const T* from, n)   the same with n items of the host, which are read before it returns
//     void put(T* to, const T* from, n, owner)  from memory of the host, which the shared pointer `owner` keeps
//     void copy(T* to, const T* from, n)  on the device
//     void download(const T* from, n, T* to)  to the host; waits for all launches
//     void zero(T* items, int64_t n)
//     void launch(const Kernel& kernel)   a kernel of phases.hpp; each launch sees all that those before it wrote
//     T read(const T* item)               waits for all launches
//     int64_t shared_per_block()          the most shared memory that a block can have, in bytes
//     int64_t panel_blocks(kernel, n, n_panels)   blocks for each panel of a kernel of n patterns
//     bool fine() const                   false after the first error: then nothing is launched any more, arrays are
//                                         null, and what is read is zero
#pragma once
#include "cuda/each.hpp"

namespace motes::cuda {

// body(i) for each i in 0 .. n - 1, in no order.
template <class Queue, class Body>
void for_each(Queue& queue, int64_t n, const Body& body) {
  if (n > 0) queue.launch(Each<Body>{body, n});
}

template <class T>
struct Fill {
  T* items;
  T value;
  MOTES_HD void operator()(int64_t i) const { items[i] = value; }
};

template <class Queue, class T>
void fill(Queue& queue, T* items, int64_t n, const T& value) {
  for_each(queue, n, Fill<T>{items, value});
}

}  // namespace motes::cuda
