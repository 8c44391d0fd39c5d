#include "avx512_bfloat16.h"
#include "avx512_int8.h"
#include "block.h"

namespace convolutions {

const Kernel kAvx512Int8Bfloat16 = KernelOf<Avx512Int8<Avx512Bfloat16>, bfloat16>("avx512_int8_bfloat16");

}  // namespace convolutions
