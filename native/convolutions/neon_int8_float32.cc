#include "block.h"
#include "neon_int8.h"

namespace convolutions {

const Kernel kNeonInt8Float32 = KernelOf<NeonInt8<Neon>, float>("neon_int8_float32");

}  // namespace convolutions
