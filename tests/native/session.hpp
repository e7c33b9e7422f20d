// One random call of libmotes: how it is drawn, what may be wrong with its arguments, and what must hold after it.
#pragma once
#include <motes/motes.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "memory.hpp"

namespace fuzz {

// splitmix64: a call is known by its seed alone.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(n)); }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool one_in(int64_t n) { return below(n) == 0; }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[below(static_cast<int64_t>(values.size()))];
  }

 private:
  uint64_t state_;
};

// An array of exactly its size: the byte after it is poisoned.
template <class T>
class Array {
 public:
  explicit Array(int64_t size = 0) : size_(size), data_(new T[static_cast<size_t>(size)]()) {}
  T* get() const { return data_.get(); }
  T& operator[](int64_t i) const { return data_[static_cast<size_t>(i)]; }
  int64_t size() const { return size_; }
  size_t bytes() const { return sizeof(T) * static_cast<size_t>(size_); }

 private:
  int64_t size_;
  std::unique_ptr<T[]> data_;
};

// A number as a careless caller may give it: mostly fine, sometimes extreme, NaN or infinite.
double wild(Random& random);

// Outputs of one call, all of one byte before it.
class Outputs {
 public:
  template <class T>
  T* array(int64_t size, bool lost = false) {
    if (lost) return nullptr;
    const SoundMemory for_the_test;
    arrays_.emplace_back(static_cast<int64_t>(sizeof(T)) * size);
    std::memset(arrays_.back().get(), 0x5b, arrays_.back().bytes());
    return reinterpret_cast<T*>(arrays_.back().get());
  }
  template <class T>
  void note(const T& value) {  // of a result that is no array
    std::memcpy(array<T>(1), &value, sizeof value);
  }
  bool operator==(const Outputs& other) const;

 private:
  std::vector<Array<std::byte>> arrays_;
};

class Session {
 public:
  explicit Session(uint64_t seed);

  Random random;

  // At most one argument of a call is spoilt. A pointer becomes null; where it points to something, it must be refused.
  template <class T>
  T* pointer(T* given, int64_t size = 1) {
    if (!spoils()) return given;
    must_refuse_ = must_refuse_ || size > 0;
    return nullptr;
  }
  // A pointer that may be null.
  template <class T>
  T* optional(T* given) {
    return random.one_in(3) ? nullptr : given;
  }
  // A number that becomes one of these, all of which must be refused.
  template <class T>
  T number(T given, std::initializer_list<T> refused) {
    if (!spoils()) return given;
    must_refuse_ = true;
    return random.of(refused);
  }
  // The size of a struct.
  size_t size_of(size_t given) { return number(given, {size_t{0}, given - 1, size_t{4097}, ~size_t{0}}); }
  // Whether an output of this size is a null pointer.
  bool loses(int64_t size) {
    char output = 0;
    return !pointer(&output, size);
  }
  // Something that is refused for what is inside it.
  void expect_refusal() { must_refuse_ = true; }
  void takes_no_run() { spoiling_ = false; }

  // Makes call(outputs, run, error) -> motes_status: under sound circumstances twice, with different numbers of threads,
  // and with the same results; or once, told to stop, or with memory that fails. Returns the (first) status.
  template <class Call>
  motes_status make(const char* name, Call&& call) {
    const Way way = way_to_run();
    Outputs first;
    motes_error error = fresh_error();
    motes_status status;
    {
      FailingMemory memory(way.allocations);
      status = call(first, way.run(), listened_ ? &error : nullptr);
      if (status == MOTES_OUT_OF_MEMORY && !memory.failed()) complain(name, "out of memory that did not fail");
    }
    judge(name, status, error, way);
    if (status == MOTES_OK && !way.interrupts() && random.one_in(2)) {
      motes_run again = MOTES_RUN_INIT;
      again.threads = static_cast<int>(random.between(1, 5));
      Outputs second;
      if (call(second, &again, nullptr) != MOTES_OK) complain(name, "refused the second time");
      if (!(first == second)) complain(name, "other results with another number of threads");
    }
    return status;
  }

  [[noreturn]] void complain(const char* name, const char* what) const;

 private:
  struct Way {
    motes_run given;
    bool null_run;
    int allocations;  // before one fails; < 0: none does
    const motes_run* run() const { return null_run ? nullptr : &given; }
    bool interrupts() const { return given.stop && !null_run; }
  };
  bool spoils() {  // one of the arguments in some calls
    if (!spoiling_ || must_refuse_ || !random.one_in(4)) return false;
    spoiling_ = false;
    return true;
  }
  Way way_to_run();
  motes_error fresh_error();
  void judge(const char* name, motes_status status, const motes_error& error, const Way& way) const;

  uint64_t seed_;
  bool spoiling_, listened_ = true, must_refuse_ = false;
};

void photons(Session& session);
void circles(Session& session);

}  // namespace fuzz
