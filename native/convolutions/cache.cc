#include "../cpu.h"
#include "kernels.h"

namespace convolutions {

// Asked once.
int64_t SecondLevelCacheBytes() {
  static const int64_t bytes = cpu::SecondLevelCacheBytes();
  return bytes;
}

}  // namespace convolutions
