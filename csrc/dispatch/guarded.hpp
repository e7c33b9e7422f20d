// Nothing is thrown across the C ABI.
#pragma once
#include "motes/motes.h"

namespace motes {

// Runs a body that allocates, at the border across which nothing is thrown.
template <class Body>
motes_status guarded(Body&& body) {
  try {
    return body();
  } catch (...) {
    return MOTES_OUT_OF_MEMORY;  // std::thread and containers throw for want of memory or of threads, nothing else
  }
}

}  // namespace motes
