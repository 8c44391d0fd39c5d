// A whole convolution, split into blocks for a team.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include "kernels.h"
#include "team.h"

namespace separable {

// Numbers of a block's depthwise output: with a panel of weights and its own output they stay in a core's second-level cache.
constexpr int64_t kBlockNumbers = 40 * 1024;

// Positions of a block come in these, the most that a kernel takes at once.
constexpr int64_t kPositionStep = 14;

// Memory that a thread keeps, aligned to cache lines.
class Scratch {
 public:
  // The contents are lost. Throws std::bad_alloc.
  void* OfBytes(size_t bytes) {
    if (bytes > bytes_) {
      memory_.reset(std::aligned_alloc(64, RoundUp(bytes, 64)));
      bytes_ = memory_ == nullptr ? 0 : bytes;
      if (memory_ == nullptr) throw std::bad_alloc();
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  size_t bytes_ = 0;
};

// `positions` are those of all images.
inline void Convolve(const Kernel& kernel, const Convolution& convolution, int64_t positions, Team& team) {
  const int64_t stride = ScratchStride(convolution.channels, kernel.scratch_number_bytes);
  const int64_t most = kPositionStep * std::max<int64_t>(1, kBlockNumbers * kernel.scratch_number_bytes / (kPositionStep * stride));
  // As many as occupy all threads alike.
  const int64_t blocks = std::min(positions, RoundUp(DivideUp(positions, most), team.threads()));
  team.Run(static_cast<int>(blocks), [&](int block) {
    thread_local Scratch scratch;
    const int64_t first = positions * block / blocks, last = positions * (block + 1) / blocks;
    kernel.block(convolution, first, last, scratch.OfBytes((last - first) * stride));
  });
}

}  // namespace separable
