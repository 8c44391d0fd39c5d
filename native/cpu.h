// What this CPU and its system can do, asked of the CPU itself: compilers differ in the names that they can ask for,
// and /proc/cpuinfo is of Linux alone. See CPUID and XGETBV in Intel's Software Developer's Manual, volume 2. A program
// cannot ask an Arm CPU: there, Linux says it.
#pragma once
#include <unistd.h>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#if defined(__x86_64__)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#elif defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace cpu {

#if defined(__x86_64__)

// Registers that the system saves when it switches threads, as bits of XGETBV's answer.
constexpr uint32_t kAvxState = 0b110;
constexpr uint32_t kAvx512State = kAvxState | 0b1110'0000;
constexpr uint32_t kTileState = 0b11 << 17;

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// Zeros where the CPU knows no such leaf.
inline Registers AskCpu(uint32_t leaf, uint32_t subleaf) {
  Registers answer;
  __get_cpuid_count(leaf, subleaf, &answer.eax, &answer.ebx, &answer.ecx, &answer.edx);
  return answer;
}

inline uint32_t SavedState(const Registers& basic) {
  constexpr uint32_t kXgetbvIsThere = 1 << 27;
  if ((basic.ecx & kXgetbvIsThere) == 0) return 0;
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Whether this process is kept to AVX2, so that a CPU can be measured as one that has no more, as by oneDNN's
// ONEDNN_MAX_CPU_ISA.
inline bool IsKeptToAvx2() {
  const char* most = std::getenv("XCEPTION_MAX_CPU_ISA");
  return most != nullptr && std::string_view(most) == "AVX2";
}

// Linux gives tiles only to a process that asks, once for all of its threads, and not to every one:
// https://docs.kernel.org/arch/x86/xstate.html.
inline bool MayUseTiles() {
#ifdef __linux__
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  static const bool may = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return may;
#else
  return false;
#endif
}

// Whether an instruction set can be used, by the name that compilers have for it (-mavx2). Takes some microseconds in a
// virtual machine.
inline bool Has(std::string_view name) {
  const Registers basic = AskCpu(1, 0), extended = AskCpu(7, 0), more = AskCpu(7, 1);
  const uint32_t saved = SavedState(basic);
  const struct {
    std::string_view name;
    uint32_t flags;
    int bit;
    uint32_t state;
  } known[] = {
      {"fma", basic.ecx, 12, kAvxState},
      {"avx2", extended.ebx, 5, kAvxState},
      {"avx512f", extended.ebx, 16, kAvx512State},
      {"avx512bw", extended.ebx, 30, kAvx512State},
      {"avx512vl", extended.ebx, 31, kAvx512State},
      {"avx512vnni", extended.ecx, 11, kAvx512State},
      {"avx512bf16", more.eax, 5, kAvx512State},
      {"amx-bf16", extended.edx, 22, kTileState},
      {"amx-tile", extended.edx, 24, kTileState},
      {"amx-int8", extended.edx, 25, kTileState},
  };
  if (name != "fma" && name != "avx2" && IsKeptToAvx2()) return false;
  for (const auto& one : known) {
    if (one.name != name) continue;
    const bool is_there = ((one.flags >> one.bit) & 1) != 0 && (saved & one.state) == one.state;
    return is_there && (name != "amx-tile" || MayUseTiles());
  }
  return false;
}

// Whether there is arithmetic in bfloat16, for TensorFlow's kernels too.
inline bool HasBfloat16() { return Has("avx512bf16") || Has("amx-bf16"); }

#elif defined(__linux__) && defined(__aarch64__)

// Whether an instruction set can be used, by the name that compilers have for it (-march=armv8-a+simd). Numbers of bits
// are Linux's (asm/hwcap.h), whose older headers lack some: https://docs.kernel.org/arch/arm64/elf_hwcaps.html.
inline bool Has(std::string_view name) {
  const struct {
    std::string_view name;
    unsigned long type;
    int bit;
  } known[] = {
      {"simd", AT_HWCAP, 1},
      {"dotprod", AT_HWCAP, 20},
      {"i8mm", AT_HWCAP2, 13},
      {"bf16", AT_HWCAP2, 14},
  };
  for (const auto& one : known) {
    if (one.name == name) return ((getauxval(one.type) >> one.bit) & 1) != 0;
  }
  return false;
}

inline bool HasBfloat16() { return Has("bf16"); }

#else

inline bool Has(std::string_view) { return false; }

inline bool HasBfloat16() { return false; }

#endif

// Of each core's own. What is unknown, or cannot be, is taken for 1 MB.
inline int64_t SecondLevelCacheBytes() {
  constexpr int64_t kUsual = 1 << 20, kLeast = kUsual / 4, kMost = kUsual * 4;
  int64_t bytes = 0;
#if defined(__x86_64__)
  bytes = static_cast<int64_t>(AskCpu(0x8000'0006, 0).ecx >> 16) * 1024;
#elif defined(_SC_LEVEL2_CACHE_SIZE)
  bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  return bytes >= kLeast && bytes <= kMost ? bytes : kUsual;
}

}  // namespace cpu
