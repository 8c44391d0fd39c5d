#include "avx512_bfloat16.h"
#include "block.h"

namespace convolutions {

const Kernel kAvx512Bfloat16 = KernelOf<Avx512Bfloat16, bfloat16>("avx512_bfloat16");

}  // namespace convolutions
