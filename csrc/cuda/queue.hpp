// Algorithms of several launches are written once, for a queue: that of a GPU (queue.cuh), or that of the tests, which
// runs the same launches on the host (tests/cuda/queue.hpp).
//
//     T* array<T>(int64_t n)              memory for n items until the queue ends, aligned to 64 bytes; holds rubbish
//     const T* upload(const T* from, n)   the same with n items of the host, which are read before it returns
//     void zero(T* items, int64_t n)
//     void launch(const Kernel& kernel)   a kernel of phases.hpp; each launch sees all that those before it wrote
//     T read(const T* item)               waits for all launches
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
