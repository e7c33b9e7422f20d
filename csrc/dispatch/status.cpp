#include "dispatch/guarded.hpp"
#include "dispatch/validate.hpp"

namespace motes {

motes_status tell(motes_status status, motes_error* error) {
  refuse(error, -1, "%s", motes_status_text(status));
  return status;
}

}  // namespace motes

const char* motes_status_text(motes_status status) {
  switch (status) {
    case MOTES_OK: return "no error";
    case MOTES_BAD_ARGUMENT: return "bad argument";
    case MOTES_OUT_OF_MEMORY: return "out of memory";
    case MOTES_INTERRUPTED: return "interrupted";
    case MOTES_TOO_SMALL: return "the capacity of an output is too small";
    case MOTES_DEVICE_FAILED: return "a device failed";
  }
  return "unknown status";
}
