#include "block.h"
#include "neon_bfloat16.h"
#include "neon_pairs.h"

namespace convolutions {

const Kernel kNeonMmlaBfloat16 = KernelOf<NeonPairs<NeonBfloat16>, bfloat16>("neon_mmla_bfloat16");

}  // namespace convolutions
