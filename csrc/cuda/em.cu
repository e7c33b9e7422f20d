#include "cuda/climb.hpp"
#include "cuda/uploaded.hpp"
#include "cuda/stages.hpp"
#include "dispatch/guarded.hpp"

namespace motes::cuda {
namespace {

constexpr const char* kDoing = "CUDA: em";

template <class Real>
class ClimbIn final : public Climb {
 public:
  ClimbIn(const Setting& given, cudaStream_t stream, motes_error* error)
      : Climb(Point{nullptr, given.n_pixels, given.n_rotations}.size()),
        stream_(stream),
        memory_(stream, kDoing, error),
        setting_(given) {
    const int64_t n_places = given.n_rotations * given.n_pixels;
    setting_.index = memory_.upload(given.index, n_places);
    setting_.inverse = memory_.upload(given.inverse, n_places);
    setting_.good = memory_.upload(given.good, given.n_pixels);
    setting_.photons = memory_.upload(given.photons, given.n_pixels);
    work_ = workspace_for<Real>(memory_, setting_);
    memory_.let_go_of_uploads();
  }
  motes_status status() const { return memory_.status(); }

  motes_status evaluate(const PatternsHeld& held, Rule rule, double* point, motes_error* error) override {
    return swept(held, error, [&](StreamQueue& queue) { sweep_at(queue, held, rule, point); });
  }
  motes_status advance(const PatternsHeld& held, Rule rule, const double* from, double* point,
                       motes_error* error) override {
    return swept(held, error, [&](StreamQueue& queue) {
      cuda::advance(queue, at(from), at(point));
      sweep_at(queue, held, rule, point);
    });
  }
  motes_status extrapolate(const PatternsHeld& held, const double* start, const double* first, double longest,
                           double* point, motes_error* error) override {
    return swept(held, error, [&](StreamQueue& queue) {
      cuda::extrapolate(queue, setting_, at(start), at(first), longest, at(point), work_);
      sweep_at(queue, held, Rule::kSoft, point);
    });
  }
  motes_status told(const double* point, double numbers[Point::kTold], motes_error* error) override {
    return queued(error, [&](StreamQueue& queue) {
      queue.download(static_cast<const double*>(at(point).told()), Point::kTold, numbers);
    });
  }

 private:
  // Points are written through where they are results alone.
  Point at(const double* values) const {
    return {const_cast<double*>(values), setting_.n_pixels, setting_.n_rotations};
  }
  template <class Body>
  motes_status queued(motes_error* error, Body body) const {
    return guarded([&] {
      StreamQueue queue(stream_, kDoing, error);
      body(queue);
      return queue.status();
    });
  }
  // Of patterns that need not be those that the climb began with.
  template <class Body>
  motes_status swept(const PatternsHeld& held, motes_error* error, Body body) const {
    if (const auto bad = validate_sums<Real>(held, error)) return bad;
    return queued(error, body);
  }
  void sweep_at(StreamQueue& queue, const PatternsHeld& held, Rule rule, double* point) const {
    Setting setting = setting_;
    if (rule == Rule::kNearest) setting.noise = Noise::kSquares;
    with_pixels(held.arrays, [&]<class Pixel>(const PatternsOn<Pixel>& patterns) {
      cuda::evaluate(queue, setting, patterns, rule != Rule::kSoft, at(point), work_);
      return queue.status();
    });
  }

  cudaStream_t stream_;
  StreamQueue memory_;
  Setting setting_;
  Workspace<Real> work_;
};

template <class Real>
motes_status begin(const PatternsHeld& held, const Setting& setting, cudaStream_t stream,
                   std::unique_ptr<Climb>* climb, motes_error* error) {
  if (const auto bad = validate_sums<Real>(held, error)) return bad;
  return guarded([&] {
    auto made = std::make_unique<ClimbIn<Real>>(setting, stream, error);
    const auto status = made->status();
    if (status == MOTES_OK) *climb = std::move(made);
    return status;
  });
}

}  // namespace

motes_status begin_climb(const PatternsHeld& held, const Setting& setting, bool in_double, cudaStream_t stream,
                         std::unique_ptr<Climb>* climb, motes_error* error) {
  return in_double ? begin<double>(held, setting, stream, climb, error)
                   : begin<float>(held, setting, stream, climb, error);
}

}  // namespace motes::cuda
