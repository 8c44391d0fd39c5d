// What computes separable convolutions, without TensorFlow: 3x3 depthwise (stride 1, zeros around the map), then the product of
// each position's channels with one matrix, bias, sum and ReLU, all in one pass over blocks of positions that stay in the cache.
#pragma once
#include <cstdint>

namespace separable {

// Only held, never computed with: the upper half of a float.
using bfloat16 = uint16_t;

// The compiler of the service lays the weights out for these (src/compiler/fuse/separable-weights.ts).
constexpr int kPanelFilters = 32;
constexpr int kChannelStep = 32;
constexpr int kWindow = 9;

constexpr int kCacheLine = 64;

constexpr int64_t DivideUp(int64_t number, int64_t by) { return (number + by - 1) / by; }
constexpr int64_t RoundUp(int64_t number, int64_t step) { return DivideUp(number, step) * step; }

// Numbers that lie side by side in a panel, one channel after the other: products of bfloat16 take two at a time.
template <class Number>
constexpr int kDepth = sizeof(Number) == sizeof(bfloat16) ? 2 : 1;

// Feature maps are NHWC, of float or bfloat16.
struct Convolution {
  int height;
  int width;
  int channels;
  int filters;
  bool relu_input;
  bool relu_output;
  const void* input;       // [images, height, width, channels]
  const float* depthwise;  // [3, 3, channels rounded up to kChannelStep], zeros at the end
  // [panels of kPanelFilters filters, channels / kDepth, kPanelFilters, kDepth], zeros where there is no filter or channel
  const void* pointwise;
  const float* bias;     // [panels * kPanelFilters]
  const void* summand;   // As the output, or null.
  void* output;          // [images, height, width, filters]
};

// Distance of two positions in the scratch memory, in numbers. An odd number of cache lines, so that positions do not compete for
// the same sets of the cache.
template <class Number>
constexpr int64_t ScratchStride(int channels) {
  constexpr int64_t line = kCacheLine / sizeof(Number);
  const int64_t lines = RoundUp(channels, kChannelStep) / line;
  return (lines % 2 == 0 ? lines + 1 : lines) * line;
}

// Computes the output of the positions from first up to last, counted over all images. `scratch` holds ScratchStride for each of
// them, and is aligned to 64 bytes.
using Block = void (*)(const Convolution&, int64_t first, int64_t last, void* scratch);

// One way to compute blocks.
struct Kernel {
  const char* name;
  Block block;
};

extern const Kernel kAvx2Float32;
extern const Kernel kAvx512Float32;
extern const Kernel kAvx512Bfloat16;

// The best that this CPU has instructions for, or null.
template <class Number>
const Kernel* ChooseKernel();

}  // namespace separable
