// Vectors of 8 floats.
#pragma once
#include <immintrin.h>

namespace convolutions {
namespace {

struct Avx2 {
  using Vector = __m256;
  using Sum = Vector;
  using Kept = float;
  using Weight = float;
  static constexpr int kLanes = 8;
  static constexpr int kVectors = 2;
  // Rows of a tile: 12 of 16 registers hold sums.
  static constexpr int kRows = 6;

  static __m256i First(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector Zero() { return _mm256_setzero_ps(); }
  static Vector Load(const float* numbers) { return _mm256_loadu_ps(numbers); }
  static Vector LoadFirst(const float* numbers, int count) { return _mm256_maskload_ps(numbers, First(count)); }
  static void Store(float* target, Vector vector) { _mm256_storeu_ps(target, vector); }
  static void StoreFirst(float* target, Vector vector, int count) { _mm256_maskstore_ps(target, First(count), vector); }
  static Vector Add(Vector left, Vector right) { return _mm256_add_ps(left, right); }
  static Vector Max(Vector left, Vector right) { return _mm256_max_ps(left, right); }
  static Vector Multiply(Vector left, Vector right) { return _mm256_mul_ps(left, right); }
  static Vector MultiplyAdd(Vector left, Vector right, Vector sum) { return _mm256_fmadd_ps(left, right, sum); }
  // In this order, what is no number stays none.
  static Vector Relu(Vector vector) { return _mm256_max_ps(Zero(), vector); }

  static void Keep(Kept* target, Vector vector) { Store(target, vector); }
  static Sum FirstSum(const float* bias) { return Load(bias); }
  static Vector WholeSum(Sum sum, const float*, const float*) { return sum; }
  static Vector LoadWeights(const float* weights) { return Load(weights); }
  static Vector Broadcast(const float* number) { return _mm256_broadcast_ss(number); }
  static Vector Accumulate(Vector sum, Vector numbers, Vector weights) { return MultiplyAdd(numbers, weights, sum); }
};

}  // namespace
}  // namespace convolutions
