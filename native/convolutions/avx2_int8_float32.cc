#include <cstdint>
#include "avx2.h"
#include "block.h"

namespace convolutions {
namespace {

// Products of int8 as ones of 16 bits, which cannot overflow, four channels at a time.
struct Avx2Int8 : Avx2 {
  // Sums of 4 filters each, two a filter, side by side.
  struct Halves {
    __m256i low, high;
  };
  using Sum = Halves;
  using Kept = int16_t;
  using Weight = int8_t;
  static constexpr int kVectors = 1;

  // Between 0 and 255, whatever the vector holds; what is no number becomes 0.
  static void Keep(Kept* target, Vector vector) {
    const Vector bounded = _mm256_min_ps(_mm256_max_ps(vector, Zero()), _mm256_set1_ps(255));
    const __m256i whole = _mm256_cvtps_epi32(bounded);
    const __m256i narrow = _mm256_permute4x64_epi64(_mm256_packs_epi32(whole, whole), 0b1000);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), _mm256_castsi256_si128(narrow));
  }

  static Sum FirstSum(const float*) { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static Vector WholeSum(Sum sum, const float* bias, const float* scale) {
    const __m256i whole = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sum.low, sum.high), 0b11011000);
    return MultiplyAdd(_mm256_cvtepi32_ps(whole), Load(scale), Load(bias));
  }
  static Halves LoadWeights(const Weight* weights) {
    const __m128i* vectors = reinterpret_cast<const __m128i*>(weights);
    return {_mm256_cvtepi8_epi16(_mm_loadu_si128(vectors)), _mm256_cvtepi8_epi16(_mm_loadu_si128(vectors + 1))};
  }
  static __m256i Broadcast(const Kept* four) {
    int64_t all;
    __builtin_memcpy(&all, four, sizeof all);
    return _mm256_set1_epi64x(all);
  }
  static Sum Accumulate(Sum sum, __m256i numbers, Halves weights) {
    return {_mm256_add_epi32(sum.low, _mm256_madd_epi16(numbers, weights.low)),
            _mm256_add_epi32(sum.high, _mm256_madd_epi16(numbers, weights.high))};
  }
};

}  // namespace

const Kernel kAvx2Int8Float32 = KernelOf<Avx2Int8, float>("avx2_int8_float32");

}  // namespace convolutions
