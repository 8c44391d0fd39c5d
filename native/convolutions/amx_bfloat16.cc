#include "avx512_bfloat16.h"
#include "tiled_block.h"

namespace convolutions {

const Kernel kAmxBfloat16 = TiledKernelOf<AmxBfloat16Tiles, Avx512Bfloat16, bfloat16>("amx_bfloat16");

}  // namespace convolutions
