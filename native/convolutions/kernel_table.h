// Which kernels there are and what each needs of the CPU, stated here alone. The set-up compiles each row's file for
// what the row says (scripts/setup/convolutions.mjs reads it), and the service asks native/process/ which of them run
// here.
#pragma once
#include <string_view>
#include "../cpu.h"

namespace convolutions {

// What feature maps and weights are made of.
enum class Numbers { kFloat32, kBfloat16, kInt8 };

struct KernelRow {
  // The source's name, without its end.
  std::string_view file;
  // The kernel's name in the service, by the instructions that set it apart.
  std::string_view name;
  Numbers maps;
  Numbers weights;
  // Instruction sets, as compilers call them.
  std::string_view needs;
};

// The better of two for the same numbers comes first.
constexpr KernelRow kKernelRows[] = {
    {"avx512_float32", "avx512", Numbers::kFloat32, Numbers::kFloat32, "avx512f"},
    {"avx2_float32", "avx2", Numbers::kFloat32, Numbers::kFloat32, "avx2 fma"},
    {"avx512_bfloat16", "avx512_bf16", Numbers::kBfloat16, Numbers::kBfloat16, "avx512f avx512bw avx512vl avx512bf16"},
    {"avx512_int8_float32", "avx512_vnni", Numbers::kFloat32, Numbers::kInt8, "avx512f avx512vnni"},
    {"avx2_int8_float32", "avx2", Numbers::kFloat32, Numbers::kInt8, "avx2 fma"},
    {"avx512_int8_bfloat16", "avx512_vnni", Numbers::kBfloat16, Numbers::kInt8,
     "avx512f avx512bw avx512vl avx512bf16 avx512vnni"},
};

// Whether a CPU has all that a row needs. `has` says it of one instruction set.
template <class Has>
bool Runs(const KernelRow& row, Has has) {
  for (std::string_view rest = row.needs; !rest.empty();) {
    const size_t end = rest.find(' ');
    if (!has(rest.substr(0, end))) return false;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return true;
}

// The best kernel for such numbers, or null.
template <class Has>
const KernelRow* ChooseRow(Numbers maps, Numbers weights, Has has) {
  for (const KernelRow& row : kKernelRows) {
    if (row.maps == maps && row.weights == weights && Runs(row, has)) return &row;
  }
  return nullptr;
}

}  // namespace convolutions
