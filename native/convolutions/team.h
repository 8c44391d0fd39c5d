// The threads that compute a convolution's blocks together.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>
#include "scratch.h"

namespace convolutions {

// Threads of its own beside the one that calls. Never destroyed: its threads wait for work until the process ends.
class Team {
 public:
  // One task of a run, by its number, with memory that no other thread uses meanwhile. Does not throw.
  using Task = std::function<void(int number, void* memory)>;

  // Starts threads - 1 of them, or as many as the system has left. A thread without work looks for it for so long
  // before it sleeps.
  Team(int threads, std::chrono::nanoseconds patience);
  Team(const Team&) = delete;

  int threads() const { return threads_; }

  // Calls `task` with each of 0 to count - 1, on all threads, and returns when all calls have. Of two runs at the same
  // time one does its work alone. Returns false, with nothing done, where there is no memory.
  bool Run(int count, size_t memory_bytes, const Task& task);

 private:
  static bool RunAlone(int count, size_t memory_bytes, const Task& task);
  bool ReserveMemory(size_t bytes);
  void Help(Scratch& memory);
  void TakeTasks(Scratch& memory);

  int threads_ = 1;
  const std::chrono::nanoseconds patience_;
  // Held by the one that runs.
  std::mutex running_;
  // One a thread, of which the first is the caller's.
  std::vector<Scratch> memories_;
  const Task* task_ = nullptr;
  // Tasks that nobody has taken. Whoever takes one may read task_ and its own memory, which stay until the last one is
  // done: also one who looked during the run before, since what takes a task reads the newest value, and every value of
  // a run goes back to the store that began it.
  std::atomic<int> waiting_{0};
  std::atomic<int> unfinished_{0};
  // Changes with every run, for threads to sleep on.
  std::atomic<uint32_t> runs_{0};
};

}  // namespace convolutions
