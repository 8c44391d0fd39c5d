// Vectors of 4 floats. One number of a position is loaded into a register's first lane and multiplied from there: to
// load it into all lanes takes a unit that multiplies, too.
#pragma once
#include <arm_neon.h>

namespace convolutions {
namespace {

struct Neon {
  using Vector = float32x4_t;
  using Sum = Vector;
  using Kept = float;
  using Weight = float;
  static constexpr int kLanes = 4;
  static constexpr int kVectors = 2;
  // Rows of a tile: 24 of 32 registers hold sums.
  static constexpr int kRows = 12;

  static Vector Zero() { return vdupq_n_f32(0); }
  static Vector Load(const float* numbers) { return vld1q_f32(numbers); }
  // One to three. Not by a loop, of which compilers make a call that all sums would have to be put away for.
  static Vector LoadFirst(const float* numbers, int count) {
    Vector vector = vld1q_lane_f32(numbers, Zero(), 0);
    if (count > 1) vector = vld1q_lane_f32(numbers + 1, vector, 1);
    if (count > 2) vector = vld1q_lane_f32(numbers + 2, vector, 2);
    return vector;
  }
  static void Store(float* target, Vector vector) { vst1q_f32(target, vector); }
  static void StoreFirst(float* target, Vector vector, int count) {
    vst1q_lane_f32(target, vector, 0);
    if (count > 1) vst1q_lane_f32(target + 1, vector, 1);
    if (count > 2) vst1q_lane_f32(target + 2, vector, 2);
  }
  static Vector Add(Vector left, Vector right) { return vaddq_f32(left, right); }
  static Vector Max(Vector left, Vector right) { return vmaxq_f32(left, right); }
  static Vector Multiply(Vector left, Vector right) { return vmulq_f32(left, right); }
  static Vector MultiplyAdd(Vector left, Vector right, Vector sum) { return vfmaq_f32(sum, left, right); }
  // What is no number stays none.
  static Vector Relu(Vector vector) { return vmaxq_f32(Zero(), vector); }

  static void Keep(Kept* target, Vector vector) { Store(target, vector); }
  static Sum FirstSum(const float* bias) { return Load(bias); }
  static Vector WholeSum(Sum sum, const float*, const float*) { return sum; }
  static Vector LoadWeights(const float* weights) { return Load(weights); }
  static float32x2_t Broadcast(const float* number) { return float32x2_t{*number, 0}; }
  static Vector Accumulate(Vector sum, float32x2_t number, Vector weights) {
    return vfmaq_lane_f32(sum, weights, number, 0);
  }
};

// The first lane of products that take several channels at a time.
template <class Kept>
int32x2_t LoadLane(const Kept* numbers) {
  int32_t lane;
  __builtin_memcpy(&lane, numbers, sizeof lane);
  return int32x2_t{lane, 0};
}

}  // namespace
}  // namespace convolutions
