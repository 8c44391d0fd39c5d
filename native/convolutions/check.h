// Numbers for the checks.
#pragma once
#include <cstring>
#include <random>
#include <vector>
#include "kernels.h"

namespace convolutions {

inline float ToFloat(float number) { return number; }
inline float ToFloat(int8_t number) { return number; }
inline float ToFloat(bfloat16 number) {
  const uint32_t bits = static_cast<uint32_t>(number) << 16;
  float whole;
  std::memcpy(&whole, &bits, sizeof whole);
  return whole;
}

template <class Number>
Number FromFloat(float number);
template <>
inline float FromFloat(float number) {
  return number;
}
template <>
inline bfloat16 FromFloat(float number) {
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return static_cast<bfloat16>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Numbers on the heap, in memory that is exactly as long, so that a sanitizer sees what is read or written behind it.
template <class Number>
std::vector<Number> Draw(int64_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<Number> numbers(count);
  for (Number& number : numbers) number = FromFloat<Number>(normal(random));
  return numbers;
}

// The kernels that multiply in tiles, on plain tiles.
extern const Kernel kPlainBfloat16;
extern const Kernel kPlainInt8Float32;
extern const Kernel kPlainInt8Bfloat16;

// Tolerance for sums of some units: what the last digits of the numbers allow.
template <class Number>
constexpr double kTolerance = sizeof(Number) == sizeof(bfloat16) ? 0.05 : 1e-5;

}  // namespace convolutions
