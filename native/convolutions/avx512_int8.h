// Products of int8, four channels at a time, between feature maps that `Maps` loads and stores.
#pragma once
#include <cstdint>
#include "avx512.h"

namespace convolutions {
namespace {

template <class Maps>
struct Avx512Int8 : Maps {
  using typename Maps::Vector;
  using Sum = __m512i;
  using Kept = uint8_t;
  using Weight = int8_t;

  // Between 0 and 255, whatever the vector holds; what is no number becomes 0.
  static void Keep(Kept* target, Vector vector) {
    const __m512i whole = _mm512_cvtps_epu32(_mm512_max_ps(vector, _mm512_setzero_ps()));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), _mm512_cvtusepi32_epi8(whole));
  }

  static Sum FirstSum(const float*) { return _mm512_setzero_si512(); }
  static Sum LoadSum(const int32_t* sums) { return _mm512_loadu_si512(sums); }
  static Vector WholeSum(Sum sum, const float* bias, const float* scale) {
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(scale), _mm512_loadu_ps(bias));
  }
  static __m512i LoadWeights(const Weight* weights) { return _mm512_loadu_si512(weights); }
  static __m512i Broadcast(const Kept* four) {
    int32_t all;
    __builtin_memcpy(&all, four, sizeof all);
    return _mm512_set1_epi32(all);
  }
  static Sum Accumulate(Sum sum, __m512i numbers, __m512i weights) {
    return _mm512_dpbusd_epi32(sum, numbers, weights);
  }
};

}  // namespace
}  // namespace convolutions
