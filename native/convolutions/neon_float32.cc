#include "block.h"
#include "neon.h"

namespace convolutions {

const Kernel kNeonFloat32 = KernelOf<Neon, float>("neon_float32");

}  // namespace convolutions
