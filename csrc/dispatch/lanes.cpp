#include "dispatch/lanes.hpp"

#if !defined(_WIN32)
#include <pthread.h>
#endif

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace motes {
namespace {

struct Job {
  LaneBody body;
  void* context;
  int64_t n_lanes;
  std::atomic<int64_t> next{0};
  std::atomic<int> next_worker{1};  // the caller is worker 0
  std::atomic<int> helping{0};      // changed under the pool's mutex

  void work(int worker) {
    for (int64_t lane; (lane = next.fetch_add(1, std::memory_order_relaxed)) < n_lanes;) body(context, lane, worker);
  }
};

// Waking a thread takes longer than a lane: whoever waits looks on for a moment before it sleeps.
template <class Condition>
bool soon(Condition&& condition) {
  constexpr auto kPatience = std::chrono::microseconds(100);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  do {
    for (int k = 0; k < 64; ++k) {
      if (condition()) return true;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  } while (std::chrono::steady_clock::now() < until);
  return false;
}

// Threads that wait for jobs. One ticket in the queue asks one thread to help with one job.
class Pool {
 public:
  void offer(Job& job, int tickets) {
    std::lock_guard lock(mutex_);
    try {
      for (int k = 0; k < tickets; ++k) queue_.push_back(&job);
      while (n_threads_ < tickets) {
        std::thread([this] { serve(); }).detach();
        ++n_threads_;
      }
      waiting_.store(!queue_.empty(), std::memory_order_relaxed);
    } catch (const std::exception&) {  // no thread or memory to be had: those that came do the work, or the caller alone
    }
    work_to_do_.notify_all();
  }

  // Takes back the tickets that nobody took, and waits for whoever did.
  void settle(Job& job) {
    std::unique_lock lock(mutex_);
    std::erase(queue_, &job);
    waiting_.store(!queue_.empty(), std::memory_order_relaxed);
    lock.unlock();
    soon([&] { return job.helping.load(std::memory_order_relaxed) == 0; });
    lock.lock();
    done_.wait(lock, [&] { return job.helping == 0; });
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_to_do_.wait(lock, [this] { return !queue_.empty(); });
      Job& job = *queue_.front();
      queue_.pop_front();
      waiting_.store(!queue_.empty(), std::memory_order_relaxed);
      ++job.helping;
      lock.unlock();
      job.work(job.next_worker.fetch_add(1, std::memory_order_relaxed));
      lock.lock();
      if (--job.helping == 0) done_.notify_all();
      lock.unlock();
      soon([this] { return waiting_.load(std::memory_order_relaxed); });
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_to_do_, done_;
  std::deque<Job*> queue_;
  std::atomic<bool> waiting_{false};  // a hint: whether the queue holds a ticket
  int n_threads_ = 0;
};

// Never destroyed: its threads wait in it until the process ends. A forked child has none of the threads, and perhaps a
// locked mutex: it leaves the parent's pool behind and makes its own.
std::atomic<Pool*> the_pool{nullptr};

Pool& pool() {
#if !defined(_WIN32)
  static const int registered = pthread_atfork(nullptr, nullptr, [] { the_pool.store(nullptr); });
  static_cast<void>(registered);
#endif
  Pool* current = the_pool.load();
  if (!current) {
    auto* fresh = new Pool;
    if (the_pool.compare_exchange_strong(current, fresh)) return *fresh;
    delete fresh;  // another thread was first
  }
  return *current;
}

}  // namespace

int workers_for(int64_t n_lanes, const motes_run* run) {
  const int asked = run && run->threads > 0 ? run->threads : motes_hardware_threads();
  return static_cast<int>(std::clamp<int64_t>(std::min<int64_t>(asked, n_lanes), 1, kMaxThreads));
}

motes_status run_lanes(int64_t n_lanes, int workers, const motes_run* run, LaneBody body, void* context) {
  Job job{body, context, n_lanes};
  const bool shared = workers > 1;
  if (shared) pool().offer(job, workers - 1);
  bool stopped = false;
  for (int64_t lane; (lane = job.next.fetch_add(1, std::memory_order_relaxed)) < n_lanes;) {
    body(context, lane, 0);
    if (run && run->stop && run->stop(run->stop_argument)) {
      stopped = true;
      job.next.store(n_lanes, std::memory_order_relaxed);
    }
  }
  if (shared) pool().settle(job);
  return stopped ? MOTES_INTERRUPTED : MOTES_OK;
}

}  // namespace motes
