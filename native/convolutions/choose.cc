#include <atomic>
#include <cstdlib>
#include "kernel_table.h"
#include "kernels.h"

namespace convolutions {
namespace {

// Those of this architecture: the others are not compiled.
constexpr const Kernel* kKernels[] = {
#if defined(__x86_64__)
    &kAvx2Float32,        &kAvx512Float32, &kAvx512Bfloat16, &kAvx2Int8Float32, &kAvx512Int8Float32,
    &kAvx512Int8Bfloat16, &kAmxBfloat16,   &kAmxInt8Float32, &kAmxInt8Bfloat16,
#elif defined(__aarch64__)
    &kNeonFloat32,      &kNeonBfloat16,     &kNeonInt8Float32,     &kNeonInt8Dotprod,
    &kNeonInt8Bfloat16, &kNeonMmlaBfloat16, &kNeonMmlaInt8Float32, &kNeonMmlaInt8Bfloat16,
#endif
};

// The kernel that is used for such numbers: the first of the table until another one is named. Null where none runs.
struct Choice {
  Choice(Numbers of_maps, Numbers of_weights) : maps(of_maps), weights(of_weights) { Use({}); }

  // Returns whether there is such a kernel.
  bool Use(std::string_view name) {
    const KernelRow* row = ChooseRow(maps, weights, cpu::Has, name);
    if (row != nullptr) kernel.store(&KernelOfRow(*row), std::memory_order_relaxed);
    return row != nullptr;
  }

  const Numbers maps, weights;
  std::atomic<const Kernel*> kernel{nullptr};
};

// Made once: to ask the CPU takes microseconds in a virtual machine.
Choice (&Choices())[4] {
  static Choice choices[] = {{Numbers::kFloat32, Numbers::kFloat32},
                             {Numbers::kBfloat16, Numbers::kBfloat16},
                             {Numbers::kFloat32, Numbers::kInt8},
                             {Numbers::kBfloat16, Numbers::kInt8}};
  return choices;
}

const Kernel* Chosen(int choice) { return Choices()[choice].kernel.load(std::memory_order_relaxed); }

}  // namespace

const Kernel& KernelOfRow(const KernelRow& row) {
  for (const Kernel* kernel : kKernels) {
    if (kernel != nullptr && row.file == kernel->file) return *kernel;
  }
  std::abort();
}

template <>
const Kernel* ChooseKernel<float, float>() {
  return Chosen(0);
}

template <>
const Kernel* ChooseKernel<bfloat16, bfloat16>() {
  return Chosen(1);
}

template <>
const Kernel* ChooseKernel<float, int8_t>() {
  return Chosen(2);
}

template <>
const Kernel* ChooseKernel<bfloat16, int8_t>() {
  return Chosen(3);
}

bool UseKernel(std::string_view weights, std::string_view name) {
  bool is_there = false;
  for (Choice& choice : Choices()) {
    if (NameOf(choice.weights) == weights) is_there |= choice.Use(name);
  }
  return is_there;
}

}  // namespace convolutions
