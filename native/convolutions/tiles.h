// What moves tiles: two by two of them hold the sums of up to 32 positions and 32 filters. A step adds the products of
// 64 bytes of each position, which is as many channels as they hold, with 16 lines of weights. Written twice: with the
// instructions of AMX (Intel's Architecture Instruction Set Extensions, chapter 3), and in plain C++, so that what is
// around it can be checked on every machine. Included as block.h is.
#pragma once
#include "kernels.h"
#ifdef __AMX_TILE__
#include <immintrin.h>
#endif

namespace convolutions {
namespace {

constexpr int kTileRows = 16;
constexpr int kTileBytes = 64;
// What one pair of tiles covers, of positions as of filters.
constexpr int kTilePair = 2 * kTileRows;
static_assert(kTilePair == kPanelFilters, "a panel is as wide as two tiles");
// Of the weights of one channel, or as many as are multiplied at once, for all filters of a panel.
constexpr int64_t kWeightLine = kPanelFilters * sizeof(float);
constexpr int64_t kStepBytes = kTileRows * kWeightLine;

// The rows that the upper and the lower tiles have: what is multiplied in vain takes as long as anything else.
struct TileShape {
  int upper;
  int lower;
};

constexpr TileShape ShapeOfRows(int rows) { return {(rows + 1) / 2, rows < 2 ? 1 : rows / 2}; }

#ifdef __AMX_TILE__

// Of one thread, from here to its end. Tiles 0 to 3 are sums, 4 and 5 positions, 6 and 7 weights.
class AmxTiles {
 public:
  explicit AmxTiles(TileShape shape) {
    struct alignas(kTileBytes) {
      uint8_t palette = 1, start = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {};
      uint8_t rows[16] = {};
    } config;
    const int rows[] = {shape.upper, shape.upper, shape.lower, shape.lower,
                        shape.upper, shape.lower, kTileRows,   kTileRows};
    for (int tile = 0; tile < 8; tile++) {
      config.row_bytes[tile] = kTileBytes;
      config.rows[tile] = static_cast<uint8_t>(rows[tile]);
    }
    // GCC's own intrinsic says of the first bytes alone that they are read.
    __asm__ volatile("" ::"r"(&config) : "memory");
    _tile_loadconfig(&config);
  }
  ~AmxTiles() { _tile_release(); }
  AmxTiles(const AmxTiles&) = delete;
  AmxTiles& operator=(const AmxTiles&) = delete;

  // One line for all positions: of the filters' biases.
  void Begin(const float* bias) {
    Order();
    _tile_loadd(0, bias, 0);
    _tile_loadd(1, bias + kTileRows, 0);
    _tile_loadd(2, bias, 0);
    _tile_loadd(3, bias + kTileRows, 0);
  }
  void BeginWithZeros() {
    Order();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }

  void Store(void* sums, int64_t lower) {
    char* const target = static_cast<char*>(sums);
    _tile_stored(0, target, kWeightLine);
    _tile_stored(1, target + kTileBytes, kWeightLine);
    _tile_stored(2, target + lower * kWeightLine, kWeightLine);
    _tile_stored(3, target + lower * kWeightLine + kTileBytes, kWeightLine);
  }

 protected:
  // Whatever is about to be loaded was written before: GCC's intrinsics do not say that they read memory.
  static void Order() { __asm__ volatile("" ::: "memory"); }
};

#ifdef __AMX_BF16__
struct AmxBfloat16Tiles : AmxTiles {
  using Sum = float;
  using AmxTiles::AmxTiles;

  [[gnu::always_inline]] void Step(const void* upper, const void* lower, int64_t stride, const void* weights) {
    const char* const right = static_cast<const char*>(weights) + kTileBytes;
    _tile_loadd(6, weights, kWeightLine);
    _tile_loadd(4, upper, stride);
    _tile_loadd(7, right, kWeightLine);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, lower, stride);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
};
#endif

#ifdef __AMX_INT8__
struct AmxInt8Tiles : AmxTiles {
  using Sum = int32_t;
  using AmxTiles::AmxTiles;

  [[gnu::always_inline]] void Step(const void* upper, const void* lower, int64_t stride, const void* weights) {
    const char* const right = static_cast<const char*>(weights) + kTileBytes;
    _tile_loadd(6, weights, kWeightLine);
    _tile_loadd(4, upper, stride);
    _tile_loadd(7, right, kWeightLine);
    _tile_dpbusd(0, 4, 6);
    _tile_loadd(5, lower, stride);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
};
#endif

#endif

inline float PlainProduct(bfloat16 left, bfloat16 right, float sum) {
  const uint32_t bits[2] = {static_cast<uint32_t>(left) << 16, static_cast<uint32_t>(right) << 16};
  float numbers[2];
  __builtin_memcpy(numbers, bits, sizeof numbers);
  return sum + numbers[0] * numbers[1];
}
inline int32_t PlainProduct(uint8_t left, int8_t right, int32_t sum) { return sum + left * right; }

// The same of plain C++: products of `Kept`, which lie in the scratch memory, and `Weight`.
template <class Kept, class Weight, class SumOf>
class PlainTiles {
 public:
  using Sum = SumOf;

  explicit PlainTiles(TileShape shape) : shape_(shape) {}

  void Begin(const float* bias) {
    for (auto& row : sums_) {
      for (int filter = 0; filter < kPanelFilters; filter++) row[filter] = bias[filter];
    }
  }
  void BeginWithZeros() { __builtin_memset(sums_, 0, sizeof sums_); }

  void Step(const void* upper, const void* lower, int64_t stride, const void* weights) {
    Rows(upper, stride, shape_.upper, weights, sums_);
    Rows(lower, stride, shape_.lower, weights, sums_ + kTileRows);
  }

  void Store(void* sums, int64_t lower) {
    char* const target = static_cast<char*>(sums);
    __builtin_memcpy(target, sums_, static_cast<size_t>(shape_.upper * kWeightLine));
    __builtin_memcpy(target + lower * kWeightLine, sums_ + kTileRows, static_cast<size_t>(shape_.lower * kWeightLine));
  }

 private:
  static void Rows(const void* positions, int64_t stride, int rows, const void* weights, Sum (*sums)[kPanelFilters]) {
    constexpr int depth = kDepth<Weight>, numbers = kTileRows * depth;
    const auto* const of_step = static_cast<const Weight*>(weights);
    for (int row = 0; row < rows; row++) {
      const auto* const of_row = reinterpret_cast<const Kept*>(static_cast<const char*>(positions) + row * stride);
      for (int number = 0; number < numbers; number++) {
        const auto* const line = of_step + number / depth * kPanelFilters * depth + number % depth;
        for (int filter = 0; filter < kPanelFilters; filter++) {
          sums[row][filter] = PlainProduct(of_row[number], line[filter * depth], sums[row][filter]);
        }
      }
    }
  }

  const TileShape shape_;
  Sum sums_[kTilePair][kPanelFilters];
};

}  // namespace
}  // namespace convolutions
