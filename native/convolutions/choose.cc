#include <cstdlib>
#include "kernel_table.h"
#include "kernels.h"

namespace convolutions {
namespace {

constexpr const Kernel* kKernels[] = {
    &kAvx2Float32, &kAvx512Float32, &kAvx512Bfloat16, &kAvx2Int8Float32, &kAvx512Int8Float32, &kAvx512Int8Bfloat16,
};

const Kernel* Choose(Numbers maps, Numbers weights) {
  const KernelRow* row = ChooseRow(maps, weights, cpu::Has);
  return row == nullptr ? nullptr : &KernelOfRow(*row);
}

}  // namespace

const Kernel& KernelOfRow(const KernelRow& row) {
  for (const Kernel* kernel : kKernels) {
    if (row.file == kernel->file) return *kernel;
  }
  std::abort();
}

// Chosen once: to ask the CPU takes microseconds in a virtual machine.
template <>
const Kernel* ChooseKernel<float, float>() {
  static const Kernel* const kernel = Choose(Numbers::kFloat32, Numbers::kFloat32);
  return kernel;
}

template <>
const Kernel* ChooseKernel<bfloat16, bfloat16>() {
  static const Kernel* const kernel = Choose(Numbers::kBfloat16, Numbers::kBfloat16);
  return kernel;
}

template <>
const Kernel* ChooseKernel<float, int8_t>() {
  static const Kernel* const kernel = Choose(Numbers::kFloat32, Numbers::kInt8);
  return kernel;
}

template <>
const Kernel* ChooseKernel<bfloat16, int8_t>() {
  static const Kernel* const kernel = Choose(Numbers::kBfloat16, Numbers::kInt8);
  return kernel;
}

}  // namespace convolutions
