#include "kernels.h"

namespace separable {

template <>
const Kernel* ChooseKernel<float>() {
  if (__builtin_cpu_supports("avx512f")) return &kAvx512Float32;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kAvx2Float32;
  return nullptr;
}

template <>
const Kernel* ChooseKernel<bfloat16>() {
  const bool has_all = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return has_all ? &kAvx512Bfloat16 : nullptr;
}

}  // namespace separable
