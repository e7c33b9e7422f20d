// Nothing is thrown across the C ABI.
#pragma once
#include "motes/motes.h"

namespace motes {

// Thrown inside such a body by what has no other way to hand a status on.
struct Failed {
  motes_status status;
};

// Runs a body that allocates, at the border across which nothing is thrown.
template <class Body>
motes_status guarded(Body&& body) {
  try {
    return body();
  } catch (const Failed& failed) {
    return failed.status;
  } catch (...) {
    return MOTES_OUT_OF_MEMORY;  // std::thread and containers throw for want of memory or of threads, nothing else
  }
}

// Of a failure that no argument is to blame for.
motes_status tell(motes_status status, motes_error* error);

// The same, and whatever failed, `error` has a sentence.
template <class Body>
motes_status guarded(motes_error* error, Body&& body) {
  const motes_status status = guarded(body);
  return status == MOTES_OK || status == MOTES_BAD_ARGUMENT ? status : tell(status, error);
}

}  // namespace motes
