// Vectors of 16 floats from and to bfloat16, and products of bfloat16.
#pragma once
#include "avx512.h"
#include "kernels.h"

namespace convolutions {
namespace {

// Sums are float; bfloat16 is what is read, multiplied and written.
struct Avx512Bfloat16 : Avx512 {
  using Kept = bfloat16;
  using Weight = bfloat16;
  using Avx512::Load;
  using Avx512::LoadFirst;
  using Avx512::Store;

  static Vector Widen(__m256i numbers) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(numbers), 16));
  }
  static __m256i Narrow(Vector vector) { return (__m256i)_mm512_cvtneps_pbh(vector); }
  static Vector Load(const bfloat16* numbers) {
    return Widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(numbers)));
  }
  static Vector LoadFirst(const bfloat16* numbers, int count) {
    return Widen(_mm256_maskz_loadu_epi16(First(count), numbers));
  }
  static void Store(bfloat16* target, Vector vector) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(target), Narrow(vector));
  }
  static void StoreFirst(bfloat16* target, Vector vector, int count) {
    _mm256_mask_storeu_epi16(target, First(count), Narrow(vector));
  }

  static void Keep(Kept* target, Vector vector) { Store(target, vector); }
  // Two channels at a time.
  static __m512i LoadWeights(const bfloat16* weights) { return _mm512_loadu_si512(weights); }
  static __m512i Broadcast(const bfloat16* pair) {
    int32_t both;
    __builtin_memcpy(&both, pair, sizeof both);
    return _mm512_set1_epi32(both);
  }
  static Vector Accumulate(Vector sum, __m512i numbers, __m512i weights) {
    return _mm512_dpbf16_ps(sum, (__m512bh)numbers, (__m512bh)weights);
  }
};

}  // namespace
}  // namespace convolutions
