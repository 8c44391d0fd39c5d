// Vectors of 4 floats from and to bfloat16, and products of bfloat16.
#pragma once
#include "kernels.h"
#include "neon.h"

namespace convolutions {
namespace {

// Sums are float; bfloat16 is what is read, multiplied and written.
struct NeonBfloat16 : Neon {
  using Kept = bfloat16;
  using Weight = bfloat16;
  using Neon::Load;
  using Neon::LoadFirst;
  using Neon::Store;
  using Neon::StoreFirst;

  static Vector Widen(uint16x4_t numbers) { return vreinterpretq_f32_u32(vshll_n_u16(numbers, 16)); }
  static uint16x4_t Narrow(Vector vector) { return vreinterpret_u16_bf16(vcvt_bf16_f32(vector)); }
  static Vector Load(const bfloat16* numbers) { return Widen(vld1_u16(numbers)); }
  static Vector LoadFirst(const bfloat16* numbers, int count) {
    uint16x4_t vector = vld1_lane_u16(numbers, vdup_n_u16(0), 0);
    if (count > 1) vector = vld1_lane_u16(numbers + 1, vector, 1);
    if (count > 2) vector = vld1_lane_u16(numbers + 2, vector, 2);
    return Widen(vector);
  }
  static void Store(bfloat16* target, Vector vector) { vst1_u16(target, Narrow(vector)); }
  static void StoreFirst(bfloat16* target, Vector vector, int count) {
    const uint16x4_t narrow = Narrow(vector);
    vst1_lane_u16(target, narrow, 0);
    if (count > 1) vst1_lane_u16(target + 1, narrow, 1);
    if (count > 2) vst1_lane_u16(target + 2, narrow, 2);
  }

  static void Keep(Kept* target, Vector vector) { Store(target, vector); }
  // Two channels at a time.
  static bfloat16x8_t LoadWeights(const bfloat16* weights) { return vreinterpretq_bf16_u16(vld1q_u16(weights)); }
  static bfloat16x4_t Broadcast(const bfloat16* pair) { return vreinterpret_bf16_s32(LoadLane(pair)); }
  static Vector Accumulate(Vector sum, bfloat16x4_t numbers, bfloat16x8_t weights) {
    return vbfdotq_lane_f32(sum, weights, numbers, 0);
  }
  // Four channels of two positions and of two filters.
  static Vector MultiplyPair(Vector sum, uint64x2_t numbers, uint64x2_t weights) {
    return vbfmmlaq_f32(sum, (bfloat16x8_t)numbers, (bfloat16x8_t)weights);
  }
};

}  // namespace
}  // namespace convolutions
