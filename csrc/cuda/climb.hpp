// Expectation maximisation on a GPU (em.hpp), for callers that know no kernels. Points are arrays of float64 in device
// memory, laid out as Point; all work goes to one stream of the device that was current when the climb was made.
#pragma once
#include <memory>

#include "cuda/em.hpp"
#include "cuda/families.hpp"

namespace motes::cuda {

enum class Rule { kSoft, kHard, kNearest };  // kNearest: by the Euclidean distance of templates

class Climb {
 public:
  virtual ~Climb() = default;
  // Fills a point from its master and weights; its log-likelihood is of use where the patterns are all.
  virtual motes_status evaluate(const PatternsHeld&, Rule, double* point, motes_error*) = 0;
  virtual motes_status advance(const PatternsHeld&, Rule, const double* from, double* point, motes_error*) = 0;
  virtual motes_status extrapolate(const PatternsHeld&, const double* start, const double* first, double longest,
                                   double* point, motes_error*) = 0;
  // Waits.
  virtual motes_status told(const double* point, double numbers[Point::kTold], motes_error*) = 0;
  int64_t point_size() const { return size_; }

 protected:
  explicit Climb(int64_t size) : size_(size) {}

 private:
  int64_t size_;
};

// The arrays of `setting` are in the host's memory.
motes_status begin_climb(const PatternsHeld&, const Setting& setting, bool in_double, cudaStream_t stream,
                         std::unique_ptr<Climb>* climb, motes_error* error);

}  // namespace motes::cuda
