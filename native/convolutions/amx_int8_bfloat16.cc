#include "avx512_bfloat16.h"
#include "avx512_int8.h"
#include "tiled_block.h"

namespace convolutions {

const Kernel kAmxInt8Bfloat16 = TiledKernelOf<AmxInt8Tiles, Avx512Int8<Avx512Bfloat16>, bfloat16>("amx_int8_bfloat16");

}  // namespace convolutions
