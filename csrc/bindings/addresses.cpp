// The C ABI for callers that compile to machine code of their own (numba, Cython, cffi): of each function its address,
// in a capsule named by its declaration, of each struct where its members stand. Both are read off the types in
// motes.h, so that no signature is written a second time.
#include <cstddef>
#include <forward_list>
#include <string>

#include "bindings/families.hpp"
#include "bindings/spelling.hpp"
#include "motes/motes.h"

namespace motes::python {
namespace py = pybind11;

template <> struct StructName<motes_error> { static constexpr char text[] = "motes_error"; };
template <> struct StructName<motes_run> { static constexpr char text[] = "motes_run"; };
template <> struct StructName<motes_patterns> { static constexpr char text[] = "motes_patterns"; };
template <> struct StructName<motes_integers> { static constexpr char text[] = "motes_integers"; };
template <> struct StructName<motes_coo> { static constexpr char text[] = "motes_coo"; };
template <> struct StructName<motes_sums> { static constexpr char text[] = "motes_sums"; };
template <> struct StructName<motes_clusters> { static constexpr char text[] = "motes_clusters"; };
template <> struct StructName<motes_orbits> { static constexpr char text[] = "motes_orbits"; };
template <> struct StructName<motes_circles> { static constexpr char text[] = "motes_circles"; };
template <> struct StructName<motes_boxes> { static constexpr char text[] = "motes_boxes"; };

namespace {

// One entry a member: (name, offset in bytes, type, how many).
template <class Member>
py::tuple member(const char* name, size_t offset) {
  using Element = std::remove_all_extents_t<Member>;
  return py::make_tuple(name, offset, spelling<Element>(), sizeof(Member) / sizeof(Element));
}

template <class... Members>
void add_struct(py::dict& structs, const char* name, size_t bytes, Members... members) {
  structs[name] = py::make_tuple(bytes, py::make_tuple(members...));
}

template <class Function>
void add_function(py::dict& functions, const char* name, Function* function) {
  static std::forward_list<std::string> texts;  // a capsule does not keep its name
  texts.push_front(declaration(name, function));
  functions[name] = py::capsule(reinterpret_cast<const void*>(function), texts.front().c_str());
}

py::dict functions() {
  py::dict all;
#define FUNCTION(name) add_function(all, #name, &name)
  FUNCTION(motes_check_patterns);
  FUNCTION(motes_largest);
  FUNCTION(motes_ingest);
  FUNCTION(motes_take_count);
  FUNCTION(motes_take);
  FUNCTION(motes_total_image);
  FUNCTION(motes_likelihood_f32);
  FUNCTION(motes_likelihood_f64);
  FUNCTION(motes_posterior_f32);
  FUNCTION(motes_posterior_f64);
  FUNCTION(motes_backrotation_f32);
  FUNCTION(motes_backrotation_f64);
  FUNCTION(motes_expand);
  FUNCTION(motes_rotate_home);
  FUNCTION(motes_interpolate);
  FUNCTION(motes_interpolate_home);
  FUNCTION(motes_sweep_f32);
  FUNCTION(motes_sweep_f64);
  FUNCTION(motes_assignment);
  FUNCTION(motes_outer);
  FUNCTION(motes_circle_iou);
  FUNCTION(motes_circle_iou_all);
  FUNCTION(motes_box_iou);
  FUNCTION(motes_box_iou_all);
  FUNCTION(motes_equal_radii_distance);
  FUNCTION(motes_suppression);
  FUNCTION(motes_soft_suppression);
  FUNCTION(motes_map_suppression);
  FUNCTION(motes_matching);
  FUNCTION(motes_near_pairs);
#undef FUNCTION
  return all;
}

py::dict structs() {
  py::dict all;
#define MEMBER(of, name) member<decltype(of::name)>(#name, offsetof(of, name))
#define STRUCT(of, ...) add_struct(all, #of, sizeof(of), __VA_ARGS__)
  STRUCT(motes_error, MEMBER(motes_error, text), MEMBER(motes_error, index));
  STRUCT(motes_run, MEMBER(motes_run, struct_size), MEMBER(motes_run, threads), MEMBER(motes_run, stop),
         MEMBER(motes_run, stop_argument));
  STRUCT(motes_patterns, MEMBER(motes_patterns, struct_size), MEMBER(motes_patterns, n_patterns), MEMBER(motes_patterns, n_pixels),
         MEMBER(motes_patterns, indptr), MEMBER(motes_patterns, pixels), MEMBER(motes_patterns, pixel_bytes),
         MEMBER(motes_patterns, n_multi), MEMBER(motes_patterns, multi_position), MEMBER(motes_patterns, multi_extra));
  STRUCT(motes_sums, MEMBER(motes_sums, struct_size), MEMBER(motes_sums, planes), MEMBER(motes_sums, weights), MEMBER(motes_sums, log_likelihood),
         MEMBER(motes_sums, n_impossible), MEMBER(motes_sums, quantum));
  STRUCT(motes_clusters, MEMBER(motes_clusters, struct_size), MEMBER(motes_clusters, photons), MEMBER(motes_clusters, members),
         MEMBER(motes_clusters, labels), MEMBER(motes_clusters, n_moved), MEMBER(motes_clusters, score));
  STRUCT(motes_orbits, MEMBER(motes_orbits, n_orbits), MEMBER(motes_orbits, n_slots), MEMBER(motes_orbits, orbit),
         MEMBER(motes_orbits, phase), MEMBER(motes_orbits, turn));
  STRUCT(motes_circles, MEMBER(motes_circles, n), MEMBER(motes_circles, centre), MEMBER(motes_circles, radius),
         MEMBER(motes_circles, real_bytes));
  STRUCT(motes_boxes, MEMBER(motes_boxes, n), MEMBER(motes_boxes, corner), MEMBER(motes_boxes, size),
         MEMBER(motes_boxes, real_bytes));
  STRUCT(motes_integers, MEMBER(motes_integers, data), MEMBER(motes_integers, type));
  STRUCT(motes_coo, MEMBER(motes_coo, size), MEMBER(motes_coo, row), MEMBER(motes_coo, column),
         MEMBER(motes_coo, count));
#undef STRUCT
#undef MEMBER
  return all;
}

}  // namespace

void register_addresses(py::module_& m) {
  m.attr("c_functions") = functions();
  m.attr("c_structs") = structs();
}

}  // namespace motes::python
