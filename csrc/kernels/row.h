// Row<T, L>: L numbers of one pixel's templates, in one register of this instruction set.
#pragma once
#include <string.h>

#include "kernels/isa.h"

namespace motes::MOTES_ISA {
namespace {

// The templates of a panel that fit one register: wider panels are taken register by register, since compilers keep an
// array of registers on the stack.
template <class T, int Width>
constexpr int kRowLanes = Width * static_cast<int>(sizeof(T)) <= kRegisterBytes ? Width
                                                                                : kRegisterBytes / static_cast<int>(sizeof(T));

template <class T, int L>
struct Row {
  typedef T Vector __attribute__((vector_size(L * sizeof(T))));
  Vector v;

  static Row zero() { return Row{}; }
  static Row load(const T* from) {
    Row row;
    memcpy(&row.v, from, sizeof row.v);
    return row;
  }
  void store(T* to) const { memcpy(to, &v, sizeof v); }
  void operator+=(const Row& other) { v += other.v; }
};

}  // namespace
}  // namespace motes::MOTES_ISA
