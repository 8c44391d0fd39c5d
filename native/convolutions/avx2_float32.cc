#include "avx2.h"
#include "block.h"

namespace convolutions {

const Kernel kAvx2Float32 = KernelOf<Avx2, float>("avx2_float32");

}  // namespace convolutions
