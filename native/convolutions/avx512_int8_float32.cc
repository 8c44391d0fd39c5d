#include "avx512_int8.h"
#include "block.h"

namespace convolutions {

const Kernel kAvx512Int8Float32 = KernelOf<Avx512Int8<Avx512>, float>("avx512_int8_float32");

}  // namespace convolutions
