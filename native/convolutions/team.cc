#include "team.h"
#include <cstdio>
#include <system_error>
#include <thread>
#if defined(__x86_64__)
#include <pmmintrin.h>
#endif

namespace convolutions {
namespace {

using Clock = std::chrono::steady_clock;

#if defined(__x86_64__)

void Pause() { _mm_pause(); }

// As TensorFlow does in its threads: numbers that small mean nothing, and CPUs are slow with them.
void TakeTinyNumbersForZero() {
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
}

#elif defined(__aarch64__)

// Cores that run one thread each take `yield` for nothing. This waits until what was begun is done: some ten
// nanoseconds.
void Pause() { __asm__ volatile("isb" ::: "memory"); }

// As above: FPCR's bit FZ.
void TakeTinyNumbersForZero() {
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" : : "r"(control | uint64_t{1} << 24));
}

#endif

// How often a thread looks before it asks for the time, which takes longer than a look does: a pause is 3 ns on some
// CPUs and 50 on others.
constexpr int kLooks = 64;

// Returns whether `happened` became true within this time, or a few looks.
template <class Condition>
bool Look(Condition happened, std::chrono::nanoseconds patience) {
  Clock::time_point end;
  for (bool begun = false;; begun = true) {
    for (int look = 0; look < kLooks; look++) {
      if (happened()) return true;
      Pause();
    }
    const Clock::time_point now = Clock::now();
    if (!begun) end = now + patience;
    if (now >= end) return false;
  }
}

}  // namespace

Team::Team(int threads, std::chrono::nanoseconds patience)
    : patience_(patience), memories_(static_cast<size_t>(threads)) {
  try {
    for (; threads_ < threads; threads_++) {
      std::thread([this, &memory = memories_[static_cast<size_t>(threads_)]] { Help(memory); }).detach();
    }
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "Convolutions are computed by %d threads instead of %d: %s\n", threads_, threads,
                 error.what());
  }
}

bool Team::Run(int count, size_t memory_bytes, const Task& task) {
  const std::unique_lock<std::mutex> lock(running_, std::try_to_lock);
  if (!lock.owns_lock() || count == 1 || threads_ == 1) return RunAlone(count, memory_bytes, task);
  if (!ReserveMemory(memory_bytes)) return false;
  task_ = &task;
  // Whoever counts it down has taken a task, and so seen all that comes before waiting_ here.
  unfinished_.store(count, std::memory_order_relaxed);
  waiting_.store(count, std::memory_order_release);
  // In one order with the library's count of sleepers, which it reads before it wakes any.
  runs_.fetch_add(1, std::memory_order_seq_cst);
  runs_.notify_all();
  TakeTasks(memories_.front());
  if (Look([this] { return unfinished_.load(std::memory_order_acquire) == 0; }, patience_)) return true;
  for (int left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) {
    unfinished_.wait(left, std::memory_order_acquire);
  }
  return true;
}

// Callers are few, and each of them stays the same thread.
bool Team::RunAlone(int count, size_t memory_bytes, const Task& task) {
  thread_local Scratch scratch;
  if (!scratch.Reserve(memory_bytes)) return false;
  for (int number = 0; number < count; number++) task(number, scratch.memory());
  return true;
}

// Before any thread begins: one that finds no memory then could only end the process.
bool Team::ReserveMemory(size_t bytes) {
  for (Scratch& memory : memories_) {
    if (!memory.Reserve(bytes)) return false;
  }
  return true;
}

void Team::Help(Scratch& memory) {
  TakeTinyNumbersForZero();
  for (;;) {
    const uint32_t seen = runs_.load(std::memory_order_acquire);
    TakeTasks(memory);
    if (Look([&] { return runs_.load(std::memory_order_acquire) != seen; }, patience_)) continue;
    runs_.wait(seen, std::memory_order_acquire);
  }
}

void Team::TakeTasks(Scratch& memory) {
  int waiting = waiting_.load(std::memory_order_acquire);
  while (waiting > 0) {
    if (!waiting_.compare_exchange_weak(waiting, waiting - 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      continue;
    }
    (*task_)(waiting - 1, memory.memory());
    if (unfinished_.fetch_sub(1, std::memory_order_seq_cst) == 1) unfinished_.notify_all();
    waiting = waiting_.load(std::memory_order_acquire);
  }
}

}  // namespace convolutions
