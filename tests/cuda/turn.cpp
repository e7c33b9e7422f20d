#include "cuda/turn.hpp"

#include "queue.hpp"

extern "C" int expand(const double* master, const int32_t* index, int64_t n_templates, int64_t n_pixels, double* templates,
                      int order) {
  motes::cuda::HostQueue queue(order);
  motes::cuda::expand(queue, master, index, n_templates, n_pixels, templates);
  return queue.verdict();
}

extern "C" int rotate_home(const double* planes, const int32_t* index, int64_t n_templates, int64_t n_pixels, double* master,
                           int order) {
  motes::cuda::HostQueue queue(order);
  motes::cuda::rotate_home(queue, planes, index, n_templates, n_pixels, master);
  return queue.verdict();
}
