// The one switch over types of integers, for all who read numbers of any of them.
#pragma once
#include <stdint.h>

#include "kernels/host_device.h"
#include "motes/motes.h"

namespace motes {
namespace {

// visit(T{}), T the type of the numbers.
#if defined(__CUDACC__)
#pragma nv_exec_check_disable  // what the host alone calls may do what the host alone can
#endif
template <class Visit>
MOTES_HD inline auto with_integer(motes_integer type, const Visit& visit) {
  switch (type) {
    case MOTES_INT8: return visit(int8_t{});
    case MOTES_UINT8: return visit(uint8_t{});
    case MOTES_INT16: return visit(int16_t{});
    case MOTES_UINT16: return visit(uint16_t{});
    case MOTES_INT32: return visit(int32_t{});
    case MOTES_UINT32: return visit(uint32_t{});
    case MOTES_INT64: return visit(int64_t{});
    default: return visit(uint64_t{});
  }
}

}  // namespace
}  // namespace motes
