// From status codes to exceptions, on the C++ side of the border.
#pragma once

#if __cplusplus < 202002L && (!defined(_MSVC_LANG) || _MSVC_LANG < 202002L)
#error "motes: its C++ headers need C++20 (-std=c++20, /std:c++20)"
#endif

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <stdexcept>
#include <string>

#include "motes/motes.h"

namespace motes {

class Error : public std::invalid_argument {
 public:
  Error(const std::string& text, int64_t at) : std::invalid_argument(text), index(at) {}
  int64_t index;  // the first offending index, or -1
};

class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

class DeviceFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void check(motes_status status, const motes_error& error) {
  switch (status) {
    case MOTES_OK: return;
    case MOTES_OUT_OF_MEMORY: throw std::bad_alloc();
    case MOTES_INTERRUPTED: throw Interrupted();
    case MOTES_DEVICE_FAILED: throw DeviceFailed(error.text);
    default: throw Error(error.text, error.index);
  }
}

inline void check_extent(const char* name, size_t size, int64_t expected) {
  if (static_cast<int64_t>(size) != expected)
    throw Error(std::string(name) + ": expected " + std::to_string(expected) + " values, got " + std::to_string(size), -1);
}

// Of a program that may run with another library than it was compiled for.
inline void check_version() {
  if (!MOTES_VERSION_CHECK())
    throw std::runtime_error(std::string("compiled for motes " MOTES_VERSION ", runs with ") + motes_version());
}

}  // namespace motes
