// Products of int8, four channels at a time, between feature maps that `Maps` loads and stores.
#pragma once
#include <cstdint>
#include "neon.h"

namespace convolutions {
namespace {

template <class Maps>
struct NeonInt8 : Maps {
  using typename Maps::Vector;
  using Sum = int32x4_t;
  using Kept = uint8_t;
  using Weight = int8_t;

  // Between 0 and 255, whatever the vector holds.
  static uint32_t Round(Vector vector) {
    // FMAXNM: what is no number becomes 0.
    const int32x4_t whole = vcvtnq_s32_f32(vminq_f32(vmaxnmq_f32(vector, Maps::Zero()), vdupq_n_f32(255)));
    const uint16x4_t narrow = vqmovun_s32(whole);
    return vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(narrow, narrow))), 0);
  }

  static void Keep(Kept* target, Vector vector) {
    const uint32_t four = Round(vector);
    __builtin_memcpy(target, &four, sizeof four);
  }
  static Sum FirstSum(const float*) { return vdupq_n_s32(0); }
  static Vector WholeSum(Sum sum, const float* bias, const float* scale) {
    return vfmaq_f32(vld1q_f32(bias), vcvtq_f32_s32(sum), vld1q_f32(scale));
  }
  static int8x16_t LoadWeights(const Weight* weights) { return vld1q_s8(weights); }
  static uint8x8_t Broadcast(const Kept* four) { return vreinterpret_u8_s32(LoadLane(four)); }
  static Sum Accumulate(Sum sum, uint8x8_t numbers, int8x16_t weights) {
    return vsudotq_lane_s32(sum, weights, numbers, 0);
  }
  // Eight channels of two positions and of two filters.
  static Sum MultiplyPair(Sum sum, uint64x2_t numbers, uint64x2_t weights) {
    return vusmmlaq_s32(sum, (uint8x16_t)numbers, (int8x16_t)weights);
  }
};

}  // namespace
}  // namespace convolutions
