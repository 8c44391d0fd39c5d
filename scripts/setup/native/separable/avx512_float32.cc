#include "avx512.h"
#include "block.h"

namespace separable {

const Kernel kAvx512Float32 = {"avx512", ComputeBlock<Avx512, float>, sizeof(float)};

}  // namespace separable
