// One block of positions, for any width of vectors. Included once by each file that is compiled for certain
// instructions, so all of it is local to that file and nothing of the standard library is used: the linker might give
// such code to all CPUs.
#pragma once
#include "kernels.h"
#include "patches.h"
#include "pool.h"

namespace convolutions {
namespace {

// Distance of two positions in the scratch memory, in numbers.
template <class Simd>
int64_t StrideOf(const Convolution& convolution) {
  return ScratchStride(convolution.channels, sizeof(typename Simd::Kept)) / sizeof(typename Simd::Kept);
}

// Depthwise of the positions [from, to) of one row of a map. `above` and `below` are null at the map's edges.
template <class Simd, class Number, bool kRelu>
struct DepthwiseRow {
  using Vector = typename Simd::Vector;
  using Kept = typename Simd::Kept;

  const Convolution& convolution;
  const Number* above;
  const Number* middle;
  const Number* below;

  void Run(int from, int to, Kept* scratch) const {
    for (int channel = 0; channel < convolution.channels; channel += Simd::kLanes) RunStrip(channel, from, to, scratch);
  }

  // Of a vector's channels alone, from `channel`.
  void RunStrip(int channel, int from, int to, Kept* scratch) const {
    const int left = convolution.channels - channel;
    if (left >= Simd::kLanes) Strip<true>(channel, Simd::kLanes, from, to, scratch + channel);
    else Strip<false>(channel, left, from, to, scratch + channel);
  }

 private:
  // Positions between the one that is computed and the one that is fetched.
  static constexpr int kFetchedAhead = 16;

  struct Column {
    Vector above, middle, below;
  };

  template <bool kFull>
  static Vector Load(const Number* numbers, int count) {
    const Vector loaded = kFull ? Simd::Load(numbers) : Simd::LoadFirst(numbers, count);
    return kRelu ? Simd::Relu(loaded) : loaded;
  }

  // A few channels along the row: each column of the window is read once and used by three positions.
  template <bool kFull>
  void Strip(int channel, int count, int from, int to, Kept* scratch) const {
    const int64_t channels = convolution.channels;
    constexpr bool is_quantized = kIsQuantized<typename Simd::Weight>;
    const int64_t stride = StrideOf<Simd>(convolution);
    const Number* rows[3] = {above == nullptr ? middle : above, middle, below == nullptr ? middle : below};
    Vector weights[kWindow];
    for (int at = 0; at < kWindow; at++) {
      const bool outside = (at < 3 && above == nullptr) || (at >= 6 && below == nullptr);
      weights[at] =
          outside ? Simd::Zero() : Simd::Load(convolution.depthwise + at * RoundUp(channels, kChannelStep) + channel);
    }
    const Vector shift = is_quantized
                             ? Simd::Load(convolution.depthwise + kWindow * RoundUp(channels, kChannelStep) + channel)
                             : Simd::Zero();
    const Column zeros = {Simd::Zero(), Simd::Zero(), Simd::Zero()};
    const auto column = [&](int x) -> Column {
      const int64_t at = x * channels + channel;
      return {Load<kFull>(rows[0] + at, count), Load<kFull>(rows[1] + at, count), Load<kFull>(rows[2] + at, count)};
    };
    Column left = from > 0 ? column(from - 1) : zeros;
    Column centre = column(from);
    for (int x = from; x < to; x++) {
      // The row that no position has read yet. A few channels of each position are no order in which the CPU would
      // fetch by itself.
      __builtin_prefetch(rows[2] + (x + kFetchedAhead) * channels + channel);
      const Column right = x + 1 < convolution.width ? column(x + 1) : zeros;
      // Three sums, so that none waits for the one before.
      Vector top =
          is_quantized ? Simd::MultiplyAdd(left.above, weights[0], shift) : Simd::Multiply(left.above, weights[0]);
      Vector mid = Simd::Multiply(left.middle, weights[3]);
      Vector low = Simd::Multiply(left.below, weights[6]);
      top = Simd::MultiplyAdd(centre.above, weights[1], top);
      mid = Simd::MultiplyAdd(centre.middle, weights[4], mid);
      low = Simd::MultiplyAdd(centre.below, weights[7], low);
      top = Simd::MultiplyAdd(right.above, weights[2], top);
      mid = Simd::MultiplyAdd(right.middle, weights[5], mid);
      low = Simd::MultiplyAdd(right.below, weights[8], low);
      Simd::Keep(scratch + (x - from) * stride, Simd::Add(top, Simd::Add(mid, low)));
      left = centre;
      centre = right;
    }
  }
};

template <class Simd, class Number, bool kRelu>
void Depthwise(const Convolution& convolution, int64_t first, int64_t last, typename Simd::Kept* scratch) {
  const int64_t width = convolution.width, height = convolution.height;
  const int64_t row_length = width * convolution.channels;
  for (int64_t position = first; position < last;) {
    const int64_t row = position / width, y = row % height, from = position % width;
    const int64_t to = Smaller(width, from + last - position);
    const Number* middle = static_cast<const Number*>(convolution.input) + row * row_length;
    const Number* above = y > 0 ? middle - row_length : nullptr;
    const Number* below = y + 1 < height ? middle + row_length : nullptr;
    const DepthwiseRow<Simd, Number, kRelu> depthwise = {convolution, above, middle, below};
    depthwise.Run(static_cast<int>(from), static_cast<int>(to),
                  scratch + (position - first) * StrideOf<Simd>(convolution));
    position += to - from;
  }
}

// Whether products are of two positions at a time, whose numbers lie side by side (neon_pairs.h).
template <class Simd>
constexpr bool kArePaired = requires { &Simd::PairRows; };

// The product of a few positions with the weights of a few filters, with all sums in registers: without unrolled loops
// the compiler puts them into memory.
template <class Simd, class Number>
struct Tile {
  using Vector = typename Simd::Vector;
  using Sum = typename Simd::Sum;
  using Weight = typename Simd::Weight;
  static constexpr int kVectors = Simd::kVectors;
  static constexpr int kFilters = kVectors * Simd::kLanes;

  const Convolution& convolution;
  const typename Simd::Kept* positions;  // In the scratch memory.
  const Weight* weights;
  const Sum (&first)[kVectors];  // What the sums begin with.
  int64_t output;                // Where the tile begins in output and summand.
  int filter;

  // Positions are 1 to Simd::kRows.
  void Run(int count) const { RunOf<Simd::kRows>(count); }

 private:
  template <int kRows>
  void RunOf(int count) const {
    if constexpr (kRows > 1) {
      if (count < kRows) return RunOf<kRows - 1>(count);
    }
    Fetch<kRows>(convolution.output);
    if (convolution.summand != nullptr) Fetch<kRows>(convolution.summand);
    Sum sums[kRows][kVectors];
    Multiply<kRows>(sums);
    Finish<kRows>(sums);
  }

  // What the tile will read or write at its end, fetched meanwhile: the last line of each row, since the filters before
  // fetched the one that they share. Inlined, because the compiler leaves out a call that only fetches.
  template <int kRows>
  [[gnu::always_inline]] void Fetch(const void* map) const {
    constexpr int line = kCacheLine / sizeof(Number);
    const Number* numbers = static_cast<const Number*>(map) + output;
    for (int row = 0; row < kRows; row++) {
      for (int at = line - 1; at < kFilters; at += line) {
        __builtin_prefetch(numbers + row * static_cast<int64_t>(convolution.filters) + at);
      }
    }
  }

  template <int kRows>
  void Multiply(Sum (&sums)[kRows][kVectors]) const {
#pragma GCC unroll 2
    for (int vector = 0; vector < kVectors; vector++) {
#pragma GCC unroll 16
      for (int row = 0; row < kRows; row++) sums[row][vector] = first[vector];
    }
    constexpr int depth = kDepth<Weight>;
    const int64_t stride = StrideOf<Simd>(convolution);
    const int64_t steps = DivideUp(convolution.channels, depth);
    if constexpr (kArePaired<Simd>) return Simd::template AddProducts<kRows>(sums, positions, stride, weights, steps);
    constexpr int length = kPanelFilters * depth;
    for (int64_t step = 0; step < steps; step++) {
      const Weight* of_step = weights + step * length;
      decltype(Simd::LoadWeights(of_step)) of_vectors[kVectors];
#pragma GCC unroll 2
      for (int vector = 0; vector < kVectors; vector++) {
        of_vectors[vector] = Simd::LoadWeights(of_step + vector * Simd::kLanes * depth);
      }
#pragma GCC unroll 16
      for (int row = 0; row < kRows; row++) {
        const auto numbers = Simd::Broadcast(positions + row * stride + step * depth);
#pragma GCC unroll 2
        for (int vector = 0; vector < kVectors; vector++) {
          sums[row][vector] = Simd::Accumulate(sums[row][vector], numbers, of_vectors[vector]);
        }
      }
    }
  }

  template <int kRows>
  void Finish(const Sum (&sums)[kRows][kVectors]) const {
    const int64_t scales = RoundUp(convolution.filters, kPanelFilters);
#pragma GCC unroll 2
    for (int vector = 0; vector < kVectors; vector++) {
      const int begin = vector * Simd::kLanes;
      const int64_t count = Smaller(Simd::kLanes, convolution.filters - filter - begin);
      if (count <= 0) return;
      const float* bias = convolution.bias + filter + begin;
#pragma GCC unroll 16
      for (int row = 0; row < kRows; row++) {
        const int64_t at = output + row * static_cast<int64_t>(convolution.filters) + begin;
        const Vector product = Simd::WholeSum(sums[row][vector], bias, bias + scales);
        if (count == Simd::kLanes) Write<true>(product, at, count);
        else Write<false>(product, at, count);
      }
    }
  }

  template <bool kFull>
  void Write(Vector sum, int64_t at, int64_t count) const {
    if (convolution.summand != nullptr) {
      const Number* summand = static_cast<const Number*>(convolution.summand) + at;
      sum = Simd::Add(sum, kFull ? Simd::Load(summand) : Simd::LoadFirst(summand, static_cast<int>(count)));
    }
    if (convolution.relu_output) sum = Simd::Relu(sum);
    Number* target = static_cast<Number*>(convolution.output) + at;
    if (kFull) Simd::Store(target, sum);
    else Simd::StoreFirst(target, sum, static_cast<int>(count));
  }
};

// What the sums of a few filters begin with. Some kernels need the weights for it.
template <class Simd>
void ReadFirstSums(const float* bias, const typename Simd::Weight* weights, int64_t steps,
                   typename Simd::Sum (&sums)[Simd::kVectors]) {
  for (int vector = 0; vector < Simd::kVectors; vector++) {
    const float* of_vector = bias + vector * Simd::kLanes;
    if constexpr (requires { Simd::FirstSum(of_vector, weights, steps); }) {
      sums[vector] = Simd::FirstSum(of_vector, weights + vector * Simd::kLanes * kDepth<typename Simd::Weight>, steps);
    } else {
      sums[vector] = Simd::FirstSum(of_vector);
    }
  }
}

// Filters outside, positions inside: the weights of a few filters are used for the whole block while they are in the
// cache.
template <class Simd, class Number>
void Product(const Convolution& convolution, int64_t first, int64_t last, typename Simd::Kept* scratch) {
  using Weight = typename Simd::Weight;
  constexpr int filters = Tile<Simd, Number>::kFilters;
  const int64_t panel_length = RoundUp(convolution.channels, kDepth<Weight>) * kPanelFilters;
  const int64_t positions = last - first, tiles = DivideUp(positions, Simd::kRows);
  // Tiles of nearly the same height: one of a single position would take as long as one of all.
  const auto begin_of = [&](int64_t tile) { return positions * tile / tiles; };
  const int64_t stride = StrideOf<Simd>(convolution);
  if constexpr (kArePaired<Simd>) {
    for (int64_t tile = 0; tile < tiles; tile++) {
      const int64_t from = begin_of(tile);
      Simd::PairRows(scratch + from * stride, begin_of(tile + 1) - from, stride, convolution.channels);
    }
  }
  for (int filter = 0; filter < convolution.filters; filter += filters) {
    const Weight* weights = static_cast<const Weight*>(convolution.pointwise) + filter / kPanelFilters * panel_length +
                            filter % kPanelFilters * kDepth<Weight>;
    typename Simd::Sum first_sums[Simd::kVectors];
    ReadFirstSums<Simd>(convolution.bias + filter, weights, DivideUp(convolution.channels, kDepth<Weight>), first_sums);
    for (int64_t tile = 0; tile < tiles; tile++) {
      const int64_t from = begin_of(tile), to = begin_of(tile + 1);
      const int64_t output = (first + from) * convolution.filters + filter;
      const auto* of_tile = scratch + from * stride;
      Tile<Simd, Number>{convolution, of_tile, weights, first_sums, output, filter}.Run(static_cast<int>(to - from));
    }
  }
}

template <class Simd, class Number>
void ComputeSeparable(const Convolution& convolution, int64_t first, int64_t last, typename Simd::Kept* scratch) {
  if (convolution.relu_input) Depthwise<Simd, Number, true>(convolution, first, last, scratch);
  else Depthwise<Simd, Number, false>(convolution, first, last, scratch);
  Product<Simd, Number>(convolution, first, last, scratch);
}

// What is pooled goes into the output's own memory, from which the product takes it as its summand.
template <class Simd, class Number>
void ComputeDense(const Convolution& convolution, int64_t first, int64_t last, Number* scratch) {
  Convolution product = convolution;
  if (convolution.pooled != nullptr) {
    Pool<Simd, Number>(convolution, first, last);
    product.summand = convolution.output;
  }
  CopyPatches(convolution, first, last, scratch, StrideOf<Simd>(convolution));
  Product<Simd, Number>(product, first, last, scratch);
}

template <class Simd, class Number>
void ComputeBlock(const Convolution& convolution, int64_t first, int64_t last, void* memory) {
  auto* scratch = static_cast<typename Simd::Kept*>(memory);
  if constexpr (!kIsQuantized<typename Simd::Weight>) {
    if (convolution.window != nullptr) return ComputeDense<Simd, Number>(convolution, first, last, scratch);
  }
  ComputeSeparable<Simd, Number>(convolution, first, last, scratch);
}

template <class Simd, class Number>
constexpr Kernel KernelOf(const char* file) {
  return {file, ComputeBlock<Simd, Number>, sizeof(typename Simd::Kept), Simd::kRows, true};
}

}  // namespace
}  // namespace convolutions
