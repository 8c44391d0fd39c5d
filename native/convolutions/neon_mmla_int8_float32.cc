#include "block.h"
#include "neon_int8.h"
#include "neon_pairs.h"

namespace convolutions {

const Kernel kNeonMmlaInt8Float32 = KernelOf<NeonPairs<NeonInt8<Neon>>, float>("neon_mmla_int8_float32");

}  // namespace convolutions
