#include "avx512_int8.h"
#include "tiled_block.h"

namespace convolutions {

const Kernel kAmxInt8Float32 = TiledKernelOf<AmxInt8Tiles, Avx512Int8<Avx512>, float>("amx_int8_float32");

}  // namespace convolutions
