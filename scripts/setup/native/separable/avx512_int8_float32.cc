#include "avx512_int8.h"
#include "block.h"

namespace separable {

const Kernel kAvx512Int8Float32 = {"avx512_vnni", ComputeBlock<Avx512Int8<Avx512>, float>, sizeof(uint8_t)};

}  // namespace separable
