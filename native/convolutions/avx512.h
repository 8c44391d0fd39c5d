// Vectors of 16 floats.
#pragma once
#include <immintrin.h>

namespace convolutions {
namespace {

struct Avx512 {
  using Vector = __m512;
  using Sum = Vector;
  using Kept = float;
  using Weight = float;
  static constexpr int kLanes = 16;
  static constexpr int kVectors = 2;
  // Rows of a tile: 28 of 32 registers hold sums.
  static constexpr int kRows = 14;

  static __mmask16 First(int count) { return static_cast<__mmask16>((1u << count) - 1); }
  static Vector Zero() { return _mm512_setzero_ps(); }
  static Vector Load(const float* numbers) { return _mm512_loadu_ps(numbers); }
  static Vector LoadFirst(const float* numbers, int count) { return _mm512_maskz_loadu_ps(First(count), numbers); }
  static void Store(float* target, Vector vector) { _mm512_storeu_ps(target, vector); }
  static void StoreFirst(float* target, Vector vector, int count) {
    _mm512_mask_storeu_ps(target, First(count), vector);
  }
  static Vector Add(Vector left, Vector right) { return _mm512_add_ps(left, right); }
  static Vector Max(Vector left, Vector right) { return _mm512_max_ps(left, right); }
  static Vector Multiply(Vector left, Vector right) { return _mm512_mul_ps(left, right); }
  static Vector MultiplyAdd(Vector left, Vector right, Vector sum) { return _mm512_fmadd_ps(left, right, sum); }
  // In this order, what is no number stays none.
  static Vector Relu(Vector vector) { return _mm512_max_ps(Zero(), vector); }

  static void Keep(Kept* target, Vector vector) { Store(target, vector); }
  static Sum FirstSum(const float* bias) { return Load(bias); }
  static Sum LoadSum(const float* sums) { return Load(sums); }
  static Vector WholeSum(Sum sum, const float*, const float*) { return sum; }
  static Vector LoadWeights(const float* weights) { return Load(weights); }
  static Vector Broadcast(const float* number) { return _mm512_set1_ps(*number); }
  static Vector Accumulate(Vector sum, Vector numbers, Vector weights) { return MultiplyAdd(numbers, weights, sum); }
};

}  // namespace
}  // namespace convolutions
