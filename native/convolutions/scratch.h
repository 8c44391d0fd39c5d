// Memory that a thread keeps from one convolution to the next.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>

namespace convolutions {

class Scratch {
 public:
  // Loses the contents if they are too few. Returns false where there is no memory.
  bool Reserve(size_t bytes) {
    if (bytes <= bytes_) return true;
    memory_.reset();
    memory_.reset(std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment));
    bytes_ = memory_ == nullptr ? 0 : bytes;
    return memory_ != nullptr;
  }

  // Aligned to cache lines.
  void* memory() const { return memory_.get(); }

 private:
  static constexpr size_t kAlignment = 64;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  size_t bytes_ = 0;
};

}  // namespace convolutions
