#include "team.h"
#include <pmmintrin.h>
#include <thread>

namespace convolutions {
namespace {

// How often a thread looks for work before it sleeps: some 500 us, on a CPU on which a look takes 26 ns. Between two convolutions there
// is little else, the other thread may have been interrupted, and to wake a sleeping one takes longer than many a task, above all in a
// virtual machine. With 13 us an image took 3 % more.
constexpr int kLooks = 20'000;

// Returns whether `happened` became true soon.
template <class Condition>
bool Look(Condition happened) {
  for (int look = 0; look < kLooks; look++) {
    if (happened()) return true;
    _mm_pause();
  }
  return false;
}

// As TensorFlow does in its threads: numbers that small mean nothing, and CPUs are slow with them.
void TakeTinyNumbersForZero() {
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
}

}  // namespace

Team::Team(int threads) : threads_(threads) {
  for (int helper = 1; helper < threads; helper++) std::thread([this] { Help(); }).detach();
}

void Team::Run(int count, const std::function<void(int)>& task) {
  const std::unique_lock<std::mutex> lock(running_, std::try_to_lock);
  if (!lock.owns_lock() || count == 1 || threads_ == 1) {
    for (int number = 0; number < count; number++) task(number);
    return;
  }
  task_ = &task;
  unfinished_.store(count, std::memory_order_relaxed);
  waiting_.store(count, std::memory_order_release);
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();
  TakeTasks();
  if (Look([this] { return unfinished_.load(std::memory_order_acquire) == 0; })) return;
  for (int left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) unfinished_.wait(left, std::memory_order_acquire);
}

void Team::Help() {
  TakeTinyNumbersForZero();
  for (;;) {
    const uint32_t seen = runs_.load(std::memory_order_acquire);
    TakeTasks();
    if (!Look([&] { return runs_.load(std::memory_order_acquire) != seen; })) runs_.wait(seen, std::memory_order_acquire);
  }
}

void Team::TakeTasks() {
  int waiting = waiting_.load(std::memory_order_acquire);
  while (waiting > 0) {
    if (!waiting_.compare_exchange_weak(waiting, waiting - 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    (*task_)(waiting - 1);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
    waiting = waiting_.load(std::memory_order_acquire);
  }
}

}  // namespace convolutions
