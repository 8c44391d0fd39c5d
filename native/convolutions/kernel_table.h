// Which kernels there are and what each needs of the CPU, stated here alone. The set-up compiles each row's file for
// what the row says (scripts/setup/convolutions.mjs reads it), the service asks native/process/ which of them run here,
// measures these and names to the addon the ones that it is to use.
#pragma once
#include <string_view>
#include "../cpu.h"

// Files of rows that the compiler could not compile, with a space around each. The set-up says it.
#ifndef XCEPTION_LEFT_OUT
#define XCEPTION_LEFT_OUT ""
#endif

namespace convolutions {

// What feature maps and weights are made of.
enum class Numbers { kFloat32, kBfloat16, kInt8 };

// As the service calls them.
constexpr std::string_view NameOf(Numbers numbers) {
  return numbers == Numbers::kFloat32 ? "float32" : numbers == Numbers::kBfloat16 ? "bfloat16" : "int8";
}

struct KernelRow {
  // The source's name, without its end.
  std::string_view file;
  // The kernel's name in the service, by the instructions that set it apart; another one for each row of the same
  // numbers.
  std::string_view name;
  Numbers maps;
  Numbers weights;
  // Instruction sets, as compilers call them: those of Arm's CPUs begin with "simd".
  std::string_view needs;
};

// Of those for the same numbers, first the one that is taken where nothing was measured.
constexpr KernelRow kKernelRows[] = {
    {"avx512_float32", "avx512", Numbers::kFloat32, Numbers::kFloat32, "avx512f"},
    {"avx2_float32", "avx2", Numbers::kFloat32, Numbers::kFloat32, "avx2 fma"},
    {"amx_bfloat16", "amx_bf16", Numbers::kBfloat16, Numbers::kBfloat16,
     "avx512f avx512bw avx512vl avx512bf16 amx-tile amx-bf16"},
    {"avx512_bfloat16", "avx512_bf16", Numbers::kBfloat16, Numbers::kBfloat16, "avx512f avx512bw avx512vl avx512bf16"},
    {"amx_int8_float32", "amx_int8", Numbers::kFloat32, Numbers::kInt8, "avx512f avx512vnni amx-tile amx-int8"},
    {"avx512_int8_float32", "avx512_vnni", Numbers::kFloat32, Numbers::kInt8, "avx512f avx512vnni"},
    {"avx2_int8_float32", "avx2", Numbers::kFloat32, Numbers::kInt8, "avx2 fma"},
    {"amx_int8_bfloat16", "amx_int8", Numbers::kBfloat16, Numbers::kInt8,
     "avx512f avx512bw avx512vl avx512bf16 avx512vnni amx-tile amx-int8"},
    {"avx512_int8_bfloat16", "avx512_vnni", Numbers::kBfloat16, Numbers::kInt8,
     "avx512f avx512bw avx512vl avx512bf16 avx512vnni"},
    {"neon_float32", "neon", Numbers::kFloat32, Numbers::kFloat32, "simd"},
    {"neon_mmla_bfloat16", "neon_bfmmla", Numbers::kBfloat16, Numbers::kBfloat16, "simd bf16"},
    {"neon_bfloat16", "neon_bfdot", Numbers::kBfloat16, Numbers::kBfloat16, "simd bf16"},
    {"neon_mmla_int8_float32", "neon_usmmla", Numbers::kFloat32, Numbers::kInt8, "simd i8mm"},
    {"neon_int8_float32", "neon_usdot", Numbers::kFloat32, Numbers::kInt8, "simd i8mm"},
    {"neon_int8_dotprod", "neon_sdot", Numbers::kFloat32, Numbers::kInt8, "simd dotprod"},
    {"neon_mmla_int8_bfloat16", "neon_usmmla", Numbers::kBfloat16, Numbers::kInt8, "simd bf16 i8mm"},
    {"neon_int8_bfloat16", "neon_usdot", Numbers::kBfloat16, Numbers::kInt8, "simd bf16 i8mm"},
};

// Whether words, with a space around each, have this one among them.
constexpr bool HasWord(std::string_view words, std::string_view word) {
  for (size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    if (words[at - 1] == ' ' && words[at + word.size()] == ' ') return true;
  }
  return false;
}

// Whether a row was compiled, and a CPU has all that it needs. `has` says it of one instruction set.
template <class Has>
bool Runs(const KernelRow& row, Has has) {
  if (HasWord(XCEPTION_LEFT_OUT, row.file)) return false;
  for (std::string_view rest = row.needs; !rest.empty();) {
    const size_t end = rest.find(' ');
    if (!has(rest.substr(0, end))) return false;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return true;
}

// The row of that name for such numbers, or the first one without a name; null where none runs.
template <class Has>
const KernelRow* ChooseRow(Numbers maps, Numbers weights, Has has, std::string_view name = {}) {
  for (const KernelRow& row : kKernelRows) {
    const bool is_meant = row.maps == maps && row.weights == weights && (name.empty() || row.name == name);
    if (is_meant && Runs(row, has)) return &row;
  }
  return nullptr;
}

}  // namespace convolutions
