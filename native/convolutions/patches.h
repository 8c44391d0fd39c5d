// The numbers of a dense convolution's windows, side by side. Included as block.h is.
#pragma once
#include "kernels.h"

namespace convolutions {
namespace {

inline int64_t Smaller(int64_t left, int64_t right) { return left < right ? left : right; }
inline int64_t Larger(int64_t left, int64_t right) { return left > right ? left : right; }

// At least kPiece bytes, in pieces of a length that the compiler knows, of which the last two may overlap.
template <int kPiece>
void CopyPieces(char* target, const char* source, int64_t bytes) {
  for (int64_t at = 0; at + kPiece < bytes; at += kPiece) __builtin_memcpy(target + at, source + at, kPiece);
  __builtin_memcpy(target + bytes - kPiece, source + bytes - kPiece, kPiece);
}

// As memcpy, but without a call for a few bytes, which is what a row of a window is at the start of a network.
template <class Number>
void CopyNumbers(Number* target, const Number* source, int64_t count) {
  char* const to = reinterpret_cast<char*>(target);
  const char* const from = reinterpret_cast<const char*>(source);
  const int64_t bytes = count * sizeof(Number);
  if (bytes >= 32) CopyPieces<32>(to, from, bytes);
  else if (bytes >= 8) CopyPieces<8>(to, from, bytes);
  else if (bytes > 0) CopyPieces<sizeof(Number)>(to, from, bytes);
}

template <class Number>
void Clear(Number* target, int64_t count) {
  for (int64_t at = 0; at < count; at++) target[at] = 0;
}

// The patch whose first position, which may lie outside of the map, is at `y` and `x`.
template <class Number>
void CopyPatch(const Window& window, const Number* map, int64_t y, int64_t x, Number* target) {
  const int64_t channels = window.map_channels, length = window.width * channels;
  const int64_t from = Smaller(window.width, Larger(0, -x)),
                to = Larger(from, Smaller(window.width, window.map_width - x));
  for (int row = 0; row < window.height; row++, target += length) {
    if (y + row < 0 || y + row >= window.map_height) {
      Clear(target, length);
      continue;
    }
    Clear(target, from * channels);
    CopyNumbers(target + from * channels, map + ((y + row) * window.map_width + x + from) * channels,
                (to - from) * channels);
    Clear(target + to * channels, (window.width - to) * channels);
  }
}

// Patches of the positions [first, last), each `stride` numbers after the one before, with zeros up to what a step of
// the product reads.
template <class Number>
void CopyPatches(const Convolution& convolution, int64_t first, int64_t last, Number* target, int64_t stride) {
  const Window& window = *convolution.window;
  const int64_t width = convolution.width, height = convolution.height, channels = convolution.channels;
  const int64_t map_length = static_cast<int64_t>(window.map_height) * window.map_width * window.map_channels;
  for (int64_t position = first; position < last; position++, target += stride) {
    const int64_t x = position % width, y = position / width % height;
    const Number* map = static_cast<const Number*>(convolution.input) + position / (width * height) * map_length;
    CopyPatch(window, map, y * window.down - window.top, x * window.right - window.left, target);
    Clear(target + channels, RoundUp(channels, kDepth<Number>) - channels);
  }
}

}  // namespace
}  // namespace convolutions
