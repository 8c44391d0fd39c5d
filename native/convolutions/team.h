// The threads that compute a convolution's blocks together.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

namespace convolutions {

// Threads of its own beside the one that calls. Never destroyed: its threads wait for work until the process ends.
class Team {
 public:
  // Starts threads - 1 of them.
  explicit Team(int threads);
  Team(const Team&) = delete;

  int threads() const { return threads_; }

  // Calls `task` with each of 0 to count - 1, on all threads, and returns when all calls have. Of two calls at the same time one
  // does its work alone. Tasks do not throw.
  void Run(int count, const std::function<void(int)>& task);

 private:
  void Help();
  void TakeTasks();

  const int threads_;
  std::mutex running_;
  const std::function<void(int)>* task_ = nullptr;
  // Tasks that nobody has taken. Whoever takes one may read task_, which stays until the last one is done.
  std::atomic<int> waiting_{0};
  std::atomic<int> unfinished_{0};
  // Changes with every run, for threads to sleep on.
  std::atomic<uint32_t> runs_{0};
};

}  // namespace convolutions
