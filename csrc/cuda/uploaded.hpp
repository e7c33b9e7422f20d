// What every family needs before its kernels can run: patterns as they take them, templates on the device.
#pragma once
#include "cuda/device.hpp"
#include "cuda/families.hpp"
#include "cuda/panels.hpp"
#include "dispatch/quantum.hpp"
#include "dispatch/validate.hpp"

namespace motes::cuda {

// Calls call(patterns) with the type of pixel that they have.
template <class Call>
motes_status with_pixels(const motes_patterns& x, Call call) {
  const auto as = [&]<class Pixel>(const Pixel* pixels) {
    return call(
        PatternsOn<Pixel>{x.n_patterns, x.n_pixels, x.indptr, pixels, x.n_multi, x.multi_position, x.multi_extra});
  };
  return x.pixel_bytes == 2 ? as(static_cast<const uint16_t*>(x.pixels)) : as(static_cast<const uint32_t*>(x.pixels));
}

template <class Real>
motes_status validate_scoring(const motes_patterns& patterns, const Real* weights, const Real* base,
                              int64_t n_templates, motes_error* error) {
  if (const auto bad = validate_templates("weights", n_templates, patterns.n_pixels, error)) return bad;
  if (const auto bad = validate_numbers("weights", weights, patterns.n_pixels * n_templates, true, error)) return bad;
  return base ? validate_numbers("base", base, n_templates, true, error) : MOTES_OK;
}

// Sums of all responsibilities of float or double fit 64 bits.
template <class Real>
motes_status validate_sums(const PatternsHeld& held, motes_error* error) {
  if (sums_fit<Real>(held.n_photons)) return MOTES_OK;
  return refuse(error, -1, "patterns: too many photons for exact sums; sweep parts");
}

// Templates, for the length of a call.
template <class Real>
class Uploaded {
 public:
  Uploaded(const Real* weights, const Real* base, int64_t n_templates, int64_t n_pixels, cudaStream_t stream)
      : panels_(std::make_shared<const Panels<Real>>(weights, base, n_templates, n_pixels)),
        memory_(stream),
        uploads_(stream) {}
  motes_status upload(motes_error* error) {
    const int64_t bytes = panels_->bytes();
    if (const auto bad = memory_.ask(bytes, error)) return bad;
    return uploads_.put(memory_.template as<void>(), panels_->data(), bytes, panels_, "CUDA: copying templates", error);
  }
  Templates<Real> templates() const { return panels_->at(memory_.template as<const Four<Real>>()); }

 private:
  std::shared_ptr<const Panels<Real>> panels_;
  Scratch memory_;
  Uploads uploads_;
};

}  // namespace motes::cuda
