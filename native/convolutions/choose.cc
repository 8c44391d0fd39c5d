#include "kernels.h"

namespace convolutions {
namespace {

bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool HasAvx512Bfloat16() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

bool HasAvx512Int8() { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni"); }

}  // namespace

template <>
const Kernel* ChooseKernel<float, float>() {
  if (__builtin_cpu_supports("avx512f")) return &kAvx512Float32;
  return HasAvx2() ? &kAvx2Float32 : nullptr;
}

template <>
const Kernel* ChooseKernel<bfloat16, bfloat16>() {
  return HasAvx512Bfloat16() ? &kAvx512Bfloat16 : nullptr;
}

template <>
const Kernel* ChooseKernel<float, int8_t>() {
  if (HasAvx512Int8()) return &kAvx512Int8Float32;
  return HasAvx2() ? &kAvx2Int8Float32 : nullptr;
}

template <>
const Kernel* ChooseKernel<bfloat16, int8_t>() {
  return HasAvx512Bfloat16() && HasAvx512Int8() ? &kAvx512Int8Bfloat16 : nullptr;
}

}  // namespace convolutions
