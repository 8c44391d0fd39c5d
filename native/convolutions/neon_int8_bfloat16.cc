#include "block.h"
#include "neon_bfloat16.h"
#include "neon_int8.h"

namespace convolutions {

const Kernel kNeonInt8Bfloat16 = KernelOf<NeonInt8<NeonBfloat16>, bfloat16>("neon_int8_bfloat16");

}  // namespace convolutions
