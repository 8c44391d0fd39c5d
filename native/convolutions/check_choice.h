// Holds the choice of kernels to what CPUs are known to have, and what is said of this one to what its compiler finds.
#pragma once
#include <cstdio>
#include <string_view>
#include "kernel_table.h"

namespace convolutions {

// Instruction sets, with spaces around each.
struct Cpu {
  std::string_view name, has;
  // Names of kernels, empty where there are none.
  std::string_view float32, bfloat16, int8;
};

constexpr Cpu kCpus[] = {
    {"no AVX2", " fma ", "", "", ""},
    {"no FMA", " avx2 ", "", "", ""},
    {"Haswell", " avx2 fma ", "avx2", "", "avx2"},
    {"Skylake", " avx2 fma avx512f avx512bw avx512vl ", "avx512", "", "avx2"},
    {"Cascade Lake", " avx2 fma avx512f avx512bw avx512vl avx512vnni ", "avx512", "", "avx512_vnni"},
    {"Zen 4", " avx2 fma avx512f avx512bw avx512vl avx512vnni avx512bf16 ", "avx512", "avx512_bf16", "avx512_vnni"},
    {"Sapphire Rapids", " avx2 fma avx512f avx512bw avx512vl avx512vnni avx512bf16 amx-tile amx-bf16 amx-int8 ",
     "avx512", "amx_bf16", "amx_int8"},
    {"tiles that the system refuses", " avx2 fma avx512f avx512bw avx512vl avx512vnni avx512bf16 amx-bf16 amx-int8 ",
     "avx512", "avx512_bf16", "avx512_vnni"},
    {"Cortex-A72", " simd ", "neon", "", ""},
    {"Neoverse N1", " simd dotprod ", "neon", "", "neon_sdot"},
    {"Neoverse V1", " simd dotprod bf16 i8mm ", "neon", "neon_bfmmla", "neon_usmmla"},
};

inline bool CheckChoice() {
  bool good = true;
  for (const Cpu& one : kCpus) {
    const auto has = [&](std::string_view set) { return HasWord(one.has, set); };
    const auto choice = [&](Numbers maps, Numbers weights) {
      const KernelRow* row = ChooseRow(maps, weights, has);
      return row == nullptr ? std::string_view() : row->name;
    };
    const bool is_right = choice(Numbers::kFloat32, Numbers::kFloat32) == one.float32 &&
                          choice(Numbers::kBfloat16, Numbers::kBfloat16) == one.bfloat16 &&
                          choice(Numbers::kFloat32, Numbers::kInt8) == one.int8;
    if (!is_right) std::printf("a CPU with%sgets other kernels\n", one.has.data());
    good &= is_right;
  }
#if defined(__x86_64__)
  const struct {
    const char* name;
    bool is_there;
  } found[] = {{"avx2", __builtin_cpu_supports("avx2") != 0},
               {"fma", __builtin_cpu_supports("fma") != 0},
               {"avx512f", __builtin_cpu_supports("avx512f") != 0},
               {"avx512bw", __builtin_cpu_supports("avx512bw") != 0},
               {"avx512vl", __builtin_cpu_supports("avx512vl") != 0},
               {"avx512vnni", __builtin_cpu_supports("avx512vnni") != 0},
               {"avx512bf16", __builtin_cpu_supports("avx512bf16") != 0}};
  for (const auto& [name, is_there] : found) {
    if (cpu::Has(name) == is_there) continue;
    std::printf("the compiler finds otherwise: %s\n", name);
    good = false;
  }
#endif
  return good;
}

}  // namespace convolutions
