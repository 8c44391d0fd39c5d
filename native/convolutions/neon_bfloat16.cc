#include "neon_bfloat16.h"
#include "block.h"

namespace convolutions {

const Kernel kNeonBfloat16 = KernelOf<NeonBfloat16, bfloat16>("neon_bfloat16");

}  // namespace convolutions
