#include "avx2.h"
#include "block.h"

namespace separable {

const Kernel kAvx2Float32 = {"avx2", ComputeBlock<Avx2, float>, sizeof(float)};

}  // namespace separable
