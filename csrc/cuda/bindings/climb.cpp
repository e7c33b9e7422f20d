#include "cuda/climb.hpp"

#include <string>

#include "cuda/bindings/patterns.hpp"
#include "cuda/bindings/rooms.hpp"

namespace motes::python {
namespace {

using cuda::Noise;
using cuda::Rule;

Noise noise_named(const std::string& name) {
  if (name != "bernoulli" && name != "poisson")
    throw py::value_error("noise: expected bernoulli or poisson, got '" + name + "'");
  return name == "bernoulli" ? Noise::kBernoulli : Noise::kPoisson;
}

Rule rule_named(const std::string& name) {
  if (name != "soft" && name != "hard" && name != "nearest")
    throw py::value_error("rule: expected soft, hard or nearest, got '" + name + "'");
  return name == "soft" ? Rule::kSoft : name == "hard" ? Rule::kHard : Rule::kNearest;
}

// A climb over patterns, which it keeps.
class ClimbOnDevice {
 public:
  ClimbOnDevice(std::shared_ptr<PatternsOnDevice> patterns, const py::object& index, const py::object& inverse,
                const py::object& good, const py::object& photons, const std::string& noise,
                const std::pair<double, double>& limits, double least_weight, bool estimate_weights, bool in_double,
                const Stream& stream)
      : patterns_(std::move(patterns)), stream_(stream) {
    const auto n_pixels = patterns_->n_pixels();
    const auto to = require<int32_t>(index, "index", {kAny, n_pixels});
    const auto back = require<int32_t>(inverse, "inverse", {to.shape(0), n_pixels});
    const auto looked = require<bool>(good, "good", {n_pixels});
    const auto total = require<int64_t>(photons, "photons", {n_pixels});
    const cuda::Setting setting{n_pixels,
                                to.shape(0),
                                data_of<int32_t>(to),
                                data_of<int32_t>(back),
                                reinterpret_cast<const uint8_t*>(data_of<bool>(looked)),
                                data_of<int64_t>(total),
                                patterns_->size(),
                                noise_named(noise),
                                limits.first,
                                limits.second,
                                least_weight,
                                estimate_weights};
    on_device(patterns_->device(), [&](motes_error* error) {
      return cuda::begin_climb(patterns_->held(), setting, in_double, stream_, &climb_, error);
    });
  }
  ~ClimbOnDevice() {
    const cuda::Current current(patterns_->device());
    climb_.reset();
  }
  ClimbOnDevice(const ClimbOnDevice&) = delete;
  ClimbOnDevice& operator=(const ClimbOnDevice&) = delete;

  void evaluate(const DeviceArray& point, const std::string& rule, const py::object& patterns) const {
    const auto& some = patterns.is_none() ? *patterns_ : patterns.cast<const PatternsOnDevice&>();
    if (some.n_pixels() != patterns_->n_pixels() || some.device() != patterns_->device())
      throw py::value_error("patterns: expected a part of those that the climb was begun with");
    there([&, values = values_of(point), by = rule_named(rule)](motes_error* error) {
      return climb_->evaluate(some.held(), by, values, error);
    });
  }
  DeviceArray advance(const DeviceArray& from, const std::string& rule) const {
    auto point = empty_point();
    there([&, start = values_of(from), to = values_of(point), by = rule_named(rule)](motes_error* error) {
      return climb_->advance(patterns_->held(), by, start, to, error);
    });
    return point;
  }
  DeviceArray extrapolate(const DeviceArray& start, const DeviceArray& first, double longest) const {
    auto point = empty_point();
    there([&, from = values_of(start), next = values_of(first), to = values_of(point)](motes_error* error) {
      return climb_->extrapolate(patterns_->held(), from, next, longest, to, error);
    });
    return point;
  }
  py::tuple told(const DeviceArray& point) const {
    double numbers[cuda::Point::kTold];
    there([&, values = values_of(point)](motes_error* error) { return climb_->told(values, numbers, error); });
    return py::make_tuple(numbers[0], numbers[1], numbers[2]);
  }
  int64_t point_size() const { return climb_->point_size(); }

 private:
  template <class Call>
  void there(Call&& call) const {
    on_device(patterns_->device(), call);
  }
  DeviceArray empty_point() const {
    return empty_array({static_cast<py::ssize_t>(point_size())}, py::dtype::of<double>(), patterns_->device(), stream_);
  }
  double* values_of(const DeviceArray& point) const {
    if (!point.dtype.equal(py::dtype::of<double>()) || point.shape.size() != 1 || point.size() != point_size())
      throw py::value_error("point: expected " + std::to_string(point_size()) + " numbers of float64");
    if (point.device != patterns_->device()) throw py::value_error("point: on another device than the patterns");
    return static_cast<double*>(point.data);
  }

  std::shared_ptr<PatternsOnDevice> patterns_;
  Stream stream_;
  std::unique_ptr<cuda::Climb> climb_;
};

}  // namespace

void register_climb(py::module_& m) {
  py::class_<ClimbOnDevice>(m, "Climb", "Expectation maximisation in the memory of a GPU; see csrc/cuda/em.hpp.")
      .def(py::init<std::shared_ptr<PatternsOnDevice>, const py::object&, const py::object&, const py::object&,
                    const py::object&, const std::string&, const std::pair<double, double>&, double, bool, bool,
                    const Stream&>(),
           py::arg("patterns"), py::kw_only(), py::arg("index"), py::arg("inverse"), py::arg("good"),
           py::arg("photons"), py::arg("noise"), py::arg("limits"), py::arg("least_weight"),
           py::arg("estimate_weights"), py::arg("in_double"), py::arg("stream") = 0)
      .def_property_readonly("point_size", &ClimbOnDevice::point_size)
      .def("evaluate", &ClimbOnDevice::evaluate, py::arg("point"), py::kw_only(), py::arg("rule"),
           py::arg("patterns") = py::none(), "Fill a point from its master and weights.")
      .def("advance", &ClimbOnDevice::advance, py::arg("point"), py::kw_only(), py::arg("rule"),
           "The point at another's M step.")
      .def("extrapolate", &ClimbOnDevice::extrapolate, py::arg("start"), py::arg("first"), py::arg("longest"),
           "The point beyond two steps.")
      .def("told", &ClimbOnDevice::told, py::arg("point"),
           "Nats per pattern; of an extrapolation its length, and the nats of the point in its middle. Waits.");
}

}  // namespace motes::python
