#include "block.h"
#include "neon_int8.h"

namespace convolutions {
namespace {

// For CPUs that multiply signed numbers by signed ones alone: 128 is taken away as numbers are put away, and what the
// products lack by it, 128 times the sum of a filter's weights, is what their sum begins with.
struct NeonDotProduct : NeonInt8<Neon> {
  static constexpr int kShift = 128;

  static void Keep(Kept* target, Vector vector) {
    const uint32_t four = Round(vector) ^ 0x80808080u;
    __builtin_memcpy(target, &four, sizeof four);
  }
  static Sum FirstSum(const float*, const Weight* weights, int64_t steps) {
    Sum sum = vdupq_n_s32(0);
    for (int64_t step = 0; step < steps; step++) {
      sum = vdotq_s32(sum, LoadWeights(weights + step * kPanelFilters * kDepth<Weight>), vdupq_n_s8(1));
    }
    return vmulq_n_s32(sum, kShift);
  }
  static int8x8_t Broadcast(const Kept* four) { return vreinterpret_s8_s32(LoadLane(four)); }
  static Sum Accumulate(Sum sum, int8x8_t numbers, int8x16_t weights) {
    return vdotq_lane_s32(sum, weights, numbers, 0);
  }
};

}  // namespace

const Kernel kNeonInt8Dotprod = KernelOf<NeonDotProduct, float>("neon_int8_dotprod");

}  // namespace convolutions
