// Max pooling of a summand. Included as block.h is.
#pragma once
#include "kernels.h"
#include "patches.h"

namespace convolutions {
namespace {

// Up to kWindow vectors' largest numbers.
template <class Simd, class Number>
struct PoolWindow {
  const Number* positions[kWindow];
  int count = 0;

  template <bool kFull>
  void Run(int64_t channel, int lanes, Number* target) const {
    const auto load = [&](int at) {
      const Number* numbers = positions[at] + channel;
      return kFull ? Simd::Load(numbers) : Simd::LoadFirst(numbers, lanes);
    };
    auto largest = load(0);
    for (int at = 1; at < count; at++) largest = Simd::Max(largest, load(at));
    if (kFull) Simd::Store(target + channel, largest);
    else Simd::StoreFirst(target + channel, largest, lanes);
  }
};

// Pools the positions [first, last) into their output.
template <class Simd, class Number>
void Pool(const Convolution& convolution, int64_t first, int64_t last) {
  const PooledMap& map = *convolution.pooled;
  const int64_t width = convolution.width, height = convolution.height, filters = convolution.filters;
  for (int64_t position = first; position < last; position++) {
    const int64_t y = position / width % height * 2 - map.top, x = position % width * 2 - map.left;
    const int64_t image = position / (width * height);
    PoolWindow<Simd, Number> window;
    for (int64_t row = Larger(0, y); row < Smaller(map.height, y + 3); row++) {
      for (int64_t column = Larger(0, x); column < Smaller(map.width, x + 3); column++) {
        const int64_t at = (image * map.height + row) * map.width + column;
        window.positions[window.count++] = static_cast<const Number*>(map.numbers) + at * filters;
      }
    }
    Number* target = static_cast<Number*>(convolution.output) + position * filters;
    int64_t filter = 0;
    for (; filter + Simd::kLanes <= filters; filter += Simd::kLanes) {
      window.template Run<true>(filter, Simd::kLanes, target);
    }
    if (filter < filters) window.template Run<false>(filter, static_cast<int>(filters - filter), target);
  }
}

}  // namespace
}  // namespace convolutions
