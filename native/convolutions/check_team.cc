// Has two callers at once run a team, of which one does its work alone, over and over. A program of its own, so that it
// can be compiled with ThreadSanitizer: the tasks' numbers are no atomics, and whatever is not ordered is found. 1
// where a task was left out, or done twice, or begun without the memory for it.
#include <cstdio>
#include <thread>
#include <vector>
#include "team.h"

namespace convolutions {
namespace {

constexpr int kRuns = 2000;
constexpr int kMostTasks = 7;

// Runs of 0 to kMostTasks tasks with memory of several sizes, in which each task writes.
bool CheckRuns(Team& team) {
  std::vector<int> done(kMostTasks);
  for (int run = 0; run < kRuns; run++) {
    const int count = run % (kMostTasks + 1);
    const size_t memory_bytes = sizeof(int) * static_cast<size_t>(1 + run % 100);
    for (int& times : done) times = 0;
    const auto task = [&](int number, void* memory) {
      *static_cast<int*>(memory) = number;
      done[static_cast<size_t>(number)] += 1 + *static_cast<int*>(memory) - number;
    };
    if (!team.Run(count, memory_bytes, std::cref(task))) return false;
    for (int number = 0; number < kMostTasks; number++) {
      if (done[static_cast<size_t>(number)] != (number < count ? 1 : 0)) return false;
    }
    // Now and then, so that the team sleeps, if it has patience at all.
    if (run % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// Neither a run on all threads nor one that does its work alone begins without memory.
bool CheckRefusals(Team& team) {
  const size_t more_than_there_is = size_t{1} << 60;
  bool is_begun = false;
  const auto task = [&](int, void*) { is_begun = true; };
  const bool all = team.Run(kMostTasks, more_than_there_is, task), alone = team.Run(1, more_than_there_is, task);
  return !all && !alone && !is_begun;
}

bool Check(std::chrono::nanoseconds patience) {
  // It stays, as the addon's does.
  Team& team = *new Team(3, patience);
  if (!CheckRefusals(team)) return false;
  bool is_other_good = false;
  std::thread other([&] { is_other_good = CheckRuns(team); });
  const bool good = CheckRuns(team);
  other.join();
  return good && is_other_good;
}

}  // namespace
}  // namespace convolutions

// The sanitizer's allocator ends a program that asks for too much, where the system's returns null.
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }

int main() {
  const bool good = convolutions::Check(std::chrono::microseconds(500)) && convolutions::Check({});
  std::printf("%s\n", good ? "each task was done once" : "a task was left out, done twice, or begun without memory");
  return good ? 0 : 1;
}
