// Memory that fails when it is told to: every allocation of libmotes goes through it.
#pragma once

namespace fuzz {

// Until the guard ends, the allocation after this many of the calling thread throws std::bad_alloc; < 0: none does.
class FailingMemory {
 public:
  explicit FailingMemory(int allocations_before);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
  bool failed() const;
};

// Until it ends, none fails all the same.
class SoundMemory {
 public:
  SoundMemory();
  ~SoundMemory();
  SoundMemory(const SoundMemory&) = delete;
  SoundMemory& operator=(const SoundMemory&) = delete;

 private:
  int left_;
};

}  // namespace fuzz
