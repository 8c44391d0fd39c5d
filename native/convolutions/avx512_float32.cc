#include "avx512.h"
#include "block.h"

namespace convolutions {

const Kernel kAvx512Float32 = KernelOf<Avx512, float>("avx512_float32");

}  // namespace convolutions
