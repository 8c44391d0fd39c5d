// A whole convolution, split into blocks for a team.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include "kernels.h"
#include "team.h"

namespace convolutions {

// Of a block's depthwise output: with a panel of weights and its own output it stays in a core's second-level cache of 1 MB. All weights
// are read once a block, from further away, so that a larger block has less to wait for.
constexpr int64_t kBlockBytes = 320 * 1024;

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
  // As many of both as occupy all threads alike.
  const int64_t tiles = std::min(positions, RoundUp(DivideUp(positions, kernel.rows), team.threads()));
  const int64_t most = std::max<int64_t>(1, kBlockBytes / (kernel.rows * stride));
  const int64_t blocks = std::min(tiles, RoundUp(DivideUp(tiles, most), team.threads()));
  const auto begin_of = [&](int64_t block) { return positions * (tiles * block / blocks) / tiles; };
  team.Run(static_cast<int>(blocks), [&](int block) {
    thread_local Scratch scratch;
    const int64_t first = begin_of(block), last = begin_of(block + 1);
    kernel.block(convolution, first, last, scratch.OfBytes((last - first) * stride));
  });
}

}  // namespace convolutions
