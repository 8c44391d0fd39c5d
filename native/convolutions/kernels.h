// What computes convolutions, without TensorFlow. Separable ones: 3x3 depthwise (stride 1, zeros around the map), then
// the product of each position's channels with one matrix, bias, sum and ReLU, all in one pass over blocks of positions
// that stay in the cache. Dense ones: the same product of each position's patch.
//
// The product is of the feature maps' numbers, or of int8: then each channel of the depthwise output, whose weights
// hold the channel's scale, is shifted, rounded and kept from 0 to 255, and each filter's sum, which is exact, is
// scaled.
#pragma once
#include <cstdint>
#include <string_view>

namespace convolutions {

// Only held, never computed with: the upper half of a float.
using bfloat16 = uint16_t;

// The compiler of the service lays the weights out for these (src/compiler/lower/kernel-weights.ts).
constexpr int kPanelFilters = 32;
constexpr int kChannelStep = 32;
constexpr int kWindow = 9;

constexpr int kCacheLine = 64;

constexpr int64_t DivideUp(int64_t number, int64_t by) { return (number + by - 1) / by; }
constexpr int64_t RoundUp(int64_t number, int64_t step) { return DivideUp(number, step) * step; }

// Numbers that lie side by side in a panel, one channel after the other: products of bfloat16 take two at a time, of
// int8 four.
template <class Weight>
constexpr int kDepth = sizeof(float) / sizeof(Weight);

// Whether each channel of the depthwise output is shifted, and each filter's sum scaled.
template <class Weight>
constexpr bool kIsQuantized = sizeof(Weight) == sizeof(int8_t);

// Where the patches of a dense convolution lie: windows of some size and stride, with zeros around the map.
struct Window {
  int map_height;
  int map_width;
  int map_channels;
  int height;
  int width;
  int down;  // Strides.
  int right;
  int top;  // Zeros.
  int left;
};

// A map whose largest numbers of 3x3 windows at every second position are the summand. What is around it takes no part.
struct PooledMap {
  const void* numbers;  // [images, height, width, filters]
  int height;
  int width;
  int top;  // Rows of the first window that are around it: 0 or 1.
  int left;
};

// Feature maps are NHWC, of float or bfloat16.
struct Convolution {
  int height;
  int width;
  int channels;
  int filters;
  bool relu_input;
  bool relu_output;
  const void* input;  // [images, height, width, channels]
  // [3, 3, channels rounded up to kChannelStep], zeros at the end; of int8 the shifts, likewise, are a tenth row
  const float* depthwise;
  // [panels of kPanelFilters filters, channels / kDepth, kPanelFilters, kDepth], zeros where there is no filter or
  // channel
  const void* pointwise;
  const float* bias;    // [panels * kPanelFilters]; of int8 the scales follow
  const void* summand;  // As the output, or null.
  void* output;         // [images, height, width, filters]
  // Window of a dense convolution: `input` is a map of this window's size, and `channels` are the numbers of a patch.
  // Then there are no `depthwise` weights, and the feature maps' numbers are multiplied.
  const Window* window = nullptr;
  // Only of a dense one, in the place of `summand`.
  const PooledMap* pooled = nullptr;
};

// Distance of two positions in the scratch memory, in bytes. An odd number of cache lines, so that positions do not
// compete for the same sets of the cache.
constexpr int64_t ScratchStride(int channels, int number_bytes) {
  const int64_t lines = DivideUp(RoundUp(channels, kChannelStep) * number_bytes, kCacheLine);
  return (lines % 2 == 0 ? lines + 1 : lines) * kCacheLine;
}

// Computes the output of the positions from first up to last, counted over all images. `scratch` holds ScratchStride
// for each of them, and is aligned to 64 bytes.
using Block = void (*)(const Convolution&, int64_t first, int64_t last, void* scratch);

// One way to compute blocks.
struct Kernel {
  // That of its row in kernel_table.h.
  const char* file;
  Block block;
  // Size of a number of the depthwise output in the scratch memory.
  int scratch_number_bytes;
  // Positions that it multiplies at once: fewer take nearly as long.
  int rows;
  // Whether each of its blocks takes no longer for being one of many.
  bool takes_small_blocks;
};

extern const Kernel kAvx2Float32;
extern const Kernel kAvx512Float32;
extern const Kernel kAvx512Bfloat16;
extern const Kernel kAvx2Int8Float32;
extern const Kernel kAvx512Int8Float32;
extern const Kernel kAvx512Int8Bfloat16;
// Not every compiler knows these instructions: without them the set-up leaves out the row.
[[gnu::weak]] extern const Kernel kAmxBfloat16;
[[gnu::weak]] extern const Kernel kAmxInt8Float32;
[[gnu::weak]] extern const Kernel kAmxInt8Bfloat16;
extern const Kernel kNeonFloat32;
extern const Kernel kNeonBfloat16;
extern const Kernel kNeonInt8Float32;
extern const Kernel kNeonInt8Dotprod;
extern const Kernel kNeonInt8Bfloat16;
extern const Kernel kNeonMmlaBfloat16;
extern const Kernel kNeonMmlaInt8Float32;
extern const Kernel kNeonMmlaInt8Bfloat16;

// Size of the cache that each core has for itself behind the first one.
int64_t SecondLevelCacheBytes();

struct KernelRow;

const Kernel& KernelOfRow(const KernelRow& row);

// The one that is used for feature maps of one type and weights of another: the first of the table that runs on this
// CPU, unless another one was named. Null where none runs.
template <class Number, class Weight>
const Kernel* ChooseKernel();

// Names the kernel that is used for weights of such numbers from now on. Returns false, with nothing changed, where no
// such kernel runs on this CPU.
bool UseKernel(std::string_view weights, std::string_view name);

}  // namespace convolutions
