// Products of two positions with two filters at a time (BFMMLA, USMMLA), twice as many by an instruction as those of
// one position with four.
#pragma once
#include "kernels.h"
#include "neon.h"

namespace convolutions {
namespace {

// The first halves of two vectors, and the second ones.
template <class Vector>
Vector FirstHalves(Vector left, Vector right) {
  return (Vector)vtrn1q_u64((uint64x2_t)left, (uint64x2_t)right);
}
template <class Vector>
Vector SecondHalves(Vector left, Vector right) {
  return (Vector)vtrn2q_u64((uint64x2_t)left, (uint64x2_t)right);
}

// `Simd` has such a product of its own: MultiplyPair. A vector of its weights holds one step, of two or four channels,
// of four filters; half a vector of a position holds two steps.
template <class Simd>
struct NeonPairs : Simd {
  using Simd::kLanes;
  using Simd::kVectors;
  using typename Simd::Kept;
  using typename Simd::Sum;
  using typename Simd::Weight;
  // 20 of 32 registers hold sums; with 24 the compiler puts some into memory.
  static constexpr int kRows = 10;
  static constexpr int kStep = kDepth<Weight>;
  static constexpr int kVectorSteps = 4;

  // Lets what two steps take of two positions lie side by side: of each two vectors at the same channels the first gets
  // the first halves, the second one the others. Behind the channels are zeros. A last position without another one
  // stays as it is.
  static void PairRows(Kept* rows, int64_t count, int64_t stride, int channels) {
    constexpr int length = kVectorSteps * kStep;
    const int64_t end = RoundUp(channels, length);
    for (int64_t row = 0; row < count; row++) {
      for (int64_t at = channels; at < end; at++) rows[row * stride + at] = 0;
    }
    for (int64_t row = 0; row + 1 < count; row += 2) {
      Kept* const left = rows + row * stride;
      for (int64_t at = 0; at < end; at += length) {
        const uint64x2_t of_left = LoadHalves(left + at), of_right = LoadHalves(left + stride + at);
        StoreHalves(left + at, vtrn1q_u64(of_left, of_right));
        StoreHalves(left + stride + at, vtrn2q_u64(of_left, of_right));
      }
    }
  }

  // Adds the products of positions, paired as above, with the weights of a few filters.
  template <int kCount>
  static void AddProducts(Sum (&sums)[kCount][kVectors], const Kept* rows, int64_t stride, const Weight* weights,
                          int64_t steps) {
    PairSums<kCount> of_pairs;
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs<kCount>; pair++) {
#pragma GCC unroll 2
      for (int vector = 0; vector < kVectors; vector++) {
        const Sum left = sums[2 * pair][vector], right = sums[Other<kCount>(pair)][vector];
        of_pairs[pair][vector][0] = FirstHalves(left, right);
        of_pairs[pair][vector][1] = SecondHalves(left, right);
      }
    }
    for (int64_t step = 0; step < steps; step += kVectorSteps) {
      AddTwoSteps<kCount, 0>(of_pairs, rows + step * kStep, stride, weights, step, steps);
      if (step + 2 < steps) AddTwoSteps<kCount, 1>(of_pairs, rows + step * kStep, stride, weights, step + 2, steps);
    }
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs<kCount>; pair++) {
#pragma GCC unroll 2
      for (int vector = 0; vector < kVectors; vector++) {
        const Sum left = of_pairs[pair][vector][0], right = of_pairs[pair][vector][1];
        sums[Other<kCount>(pair)][vector] = SecondHalves(left, right);
        sums[2 * pair][vector] = FirstHalves(left, right);
      }
    }
  }

 private:
  template <int kCount>
  static constexpr int kPairs = (kCount + 1) / 2;
  // Of each pair the sums of two filters and two more: [of the first position, of the second].
  template <int kCount>
  using PairSums = Sum[kPairs<kCount>][kVectors][2];

  // The second position of a pair, which is the first again where there is no other.
  template <int kCount>
  static constexpr int Other(int pair) {
    return 2 * pair + 1 < kCount ? 2 * pair + 1 : 2 * pair;
  }

  static uint64x2_t LoadHalves(const Kept* numbers) {
    uint64x2_t halves;
    __builtin_memcpy(&halves, numbers, sizeof halves);
    return halves;
  }
  static void StoreHalves(Kept* target, uint64x2_t halves) { __builtin_memcpy(target, &halves, sizeof halves); }

  // The weights of a step behind the last.
  static constexpr Weight kNone[kVectors * kLanes * kStep] = {};

  // `rows` are those of the vector that both steps lie in, in its first or second half.
  template <int kCount, int kHalf>
  static void AddTwoSteps(PairSums<kCount>& sums, const Kept* rows, int64_t stride, const Weight* weights, int64_t step,
                          int64_t steps) {
    constexpr int step_length = kPanelFilters * kStep, half_length = kVectorSteps / 2 * kStep;
    const Weight* first = weights + step * step_length;
    const Weight* second = step + 1 < steps ? first + step_length : kNone;
    uint64x2_t of_filters[kVectors][2];
#pragma GCC unroll 2
    for (int vector = 0; vector < kVectors; vector++) {
      const auto left = (uint32x4_t)Simd::LoadWeights(first + vector * kLanes * kStep);
      const auto right = (uint32x4_t)Simd::LoadWeights(second + vector * kLanes * kStep);
      of_filters[vector][0] = (uint64x2_t)vzip1q_u32(left, right);
      of_filters[vector][1] = (uint64x2_t)vzip2q_u32(left, right);
    }
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs<kCount>; pair++) {
      uint64x2_t numbers;
      if (2 * pair + 1 < kCount) {
        numbers = LoadHalves(rows + (2 * pair + kHalf) * stride);
      } else {
        uint64_t half;
        __builtin_memcpy(&half, rows + 2 * pair * stride + kHalf * half_length, sizeof half);
        numbers = vdupq_n_u64(half);
      }
#pragma GCC unroll 2
      for (int vector = 0; vector < kVectors; vector++) {
        sums[pair][vector][0] = Simd::MultiplyPair(sums[pair][vector][0], numbers, of_filters[vector][0]);
        sums[pair][vector][1] = Simd::MultiplyPair(sums[pair][vector][1], numbers, of_filters[vector][1]);
      }
    }
  }
};

}  // namespace
}  // namespace convolutions
