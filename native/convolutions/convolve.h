// A whole convolution, split into blocks for a team.
#pragma once
#include <algorithm>
#include <functional>
#include "kernels.h"
#include "team.h"

namespace convolutions {

// Size of a block's depthwise output: with a panel of weights and its own output it stays in a core's second-level
// cache, of which it takes 320 KB of 1 MB. All weights are read once a block, from further away, so that a larger block
// has less to wait for.
//
// Where all weights are a small part of that cache, nothing is gained by that, and the depthwise output stays in the
// first-level cache of 32 KB.
inline int64_t BlockBytes(const Kernel& kernel, const Convolution& convolution) {
  constexpr int64_t kSmall = 24 * 1024;
  const int64_t cache = SecondLevelCacheBytes();
  const int64_t weights = int64_t{convolution.channels} * convolution.filters * kernel.scratch_number_bytes;
  return kernel.takes_small_blocks && weights <= cache / 8 ? kSmall : cache / 16 * 5;
}

// `positions` are those of all images. Returns false, with nothing done, where there is no memory for it.
inline bool Convolve(const Kernel& kernel, const Convolution& convolution, int64_t positions, Team& team) {
  if (positions == 0) return true;
  const int64_t stride = ScratchStride(convolution.channels, kernel.scratch_number_bytes);
  // As many of both as occupy all threads alike.
  const int64_t tiles = std::min(positions, RoundUp(DivideUp(positions, kernel.rows), team.threads()));
  const int64_t most = std::max<int64_t>(1, BlockBytes(kernel, convolution) / (kernel.rows * stride));
  const int64_t blocks = std::min(tiles, RoundUp(DivideUp(tiles, most), team.threads()));
  const auto begin_of = [&](int64_t block) { return positions * (tiles * block / blocks) / tiles; };
  const auto compute = [&](int block, void* memory) {
    kernel.block(convolution, begin_of(block), begin_of(block + 1), memory);
  };
  const int64_t largest = DivideUp(tiles, blocks) * DivideUp(positions, tiles);
  // Kernels that take positions in even numbers read one more. By reference, since a copy would be allocated.
  return team.Run(static_cast<int>(blocks), static_cast<size_t>((largest + 1) * stride), std::cref(compute));
}

}  // namespace convolutions
