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

  static Vector Load(const bfloat16* numbers) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(numbers), 16)); }
  static Vector LoadFirst(const bfloat16* numbers, int count) {
    bfloat16 four[kLanes] = {};
    for (int at = 0; at < count; at++) four[at] = numbers[at];
    return Load(four);
  }
  static void Store(bfloat16* target, Vector vector) { vst1_u16(target, vreinterpret_u16_bf16(vcvt_bf16_f32(vector))); }
  static void StoreFirst(bfloat16* target, Vector vector, int count) {
    bfloat16 four[kLanes];
    Store(four, vector);
    for (int at = 0; at < count; at++) target[at] = four[at];
  }

  static void Keep(Kept* target, Vector vector) { Store(target, vector); }
  // Two channels at a time.
  static bfloat16x8_t LoadWeights(const bfloat16* weights) { return vreinterpretq_bf16_u16(vld1q_u16(weights)); }
  static bfloat16x4_t Broadcast(const bfloat16* pair) { return vreinterpret_bf16_s32(LoadLane(pair)); }
  static Vector Accumulate(Vector sum, bfloat16x4_t numbers, bfloat16x8_t weights) {
    return vbfdotq_lane_f32(sum, weights, numbers, 0);
  }
};

}  // namespace
}  // namespace convolutions
