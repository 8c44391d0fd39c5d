#include "block.h"
#include "neon_bfloat16.h"
#include "neon_int8.h"
#include "neon_pairs.h"

namespace convolutions {

const Kernel kNeonMmlaInt8Bfloat16 = KernelOf<NeonPairs<NeonInt8<NeonBfloat16>>, bfloat16>("neon_mmla_int8_bfloat16");

}  // namespace convolutions
