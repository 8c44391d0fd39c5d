// Weighted sums of pixels of four bytes, eight rows at a time, with AVX2 where the CPU has it. Between the two steps
// the rows lie beside each other: 32 bytes for each place of a row, so that all of them have the same weights.
#ifndef XCEPTION_PICTURES_SUMS_H_
#define XCEPTION_PICTURES_SUMS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pictures {

constexpr int kPixelBytes = 4;
constexpr int kRgbBytes = 3;
constexpr int kRows = 8;
// Pixels that are made at once.
constexpr int kPlaces = 8;
constexpr int kBlock = kRows * kPixelBytes;
// Bits of a weight behind the point (VIPS_INTERPOLATE_SHIFT).
constexpr int kWeightBits = 12;

// Eight rows to be, each with the rows that it is the sum of. Weights are in pairs, the last of which may be zero.
struct Down {
  const uint8_t* const* rows[kRows];
  const int16_t* weights[kRows];
  int pairs;
  // Of a row, a multiple of a block.
  int bytes;
};

// Places of a reduced row: where their pixels begin, and their weights, in pairs.
struct Across {
  const int* first;
  const int16_t* const* weights;
  int pairs;
  int count;
};

// The rows that are written of those that lie beside each other, three bytes a pixel.
struct Output {
  uint8_t* pixels;
  int rows;
};

namespace plain {

// The sums of a block, each rounded to 8 bits.
template <typename PieceAt>
inline void SumBlock(PieceAt piece_at, const int16_t* weights, int pairs, uint8_t* to) {
  int32_t sums[kBlock];
  std::fill_n(sums, kBlock, 1 << (kWeightBits - 1));
  for (int point = 0; point < 2 * pairs; point++) {
    const uint8_t* piece = piece_at(point);
    const int32_t weight = weights[point];
    for (int lane = 0; lane < kBlock; lane++) sums[lane] += piece[lane] * weight;
  }
  for (int lane = 0; lane < kBlock; lane++) {
    to[lane] = static_cast<uint8_t>(std::max(0, std::min(255, sums[lane] >> kWeightBits)));
  }
}

inline void SumDown(const Down& down, uint8_t* beside) {
  uint8_t block[kBlock];
  for (int at = 0; at < down.bytes; at += kBlock, beside += kPlaces * kBlock) {
    for (int row = 0; row < kRows; row++) {
      SumBlock([&](int point) { return down.rows[row][point] + at; }, down.weights[row], down.pairs, block);
      for (int place = 0; place < kPlaces; place++) {
        std::memcpy(beside + place * kBlock + row * kPixelBytes, block + place * kPixelBytes, kPixelBytes);
      }
    }
  }
}

inline void SumAcross(const uint8_t* beside, const Across& across, const Output& output) {
  uint8_t block[kBlock];
  for (int place = 0; place < across.count; place++) {
    const uint8_t* pixels = beside + static_cast<ptrdiff_t>(across.first[place]) * kBlock;
    SumBlock([=](int point) { return pixels + point * kBlock; }, across.weights[place], across.pairs, block);
    for (int row = 0; row < output.rows; row++) {
      uint8_t* to = output.pixels + (static_cast<size_t>(row) * across.count + place) * kRgbBytes;
      std::memcpy(to, block + row * kPixelBytes, kRgbBytes);
    }
  }
}

}  // namespace plain

#if defined(__x86_64__)
#define XCEPTION_AVX2 __attribute__((target("avx2")))
#define XCEPTION_AVX2_INLINE __attribute__((target("avx2"), always_inline)) inline

namespace avx2 {

// Two products each: of a pair of pieces with a pair of weights.
XCEPTION_AVX2_INLINE void AddPair(const uint8_t* one, const uint8_t* other, const int16_t* weights, __m256i sums[4]) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(one));
  const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(other));
  int32_t pair;
  std::memcpy(&pair, weights, sizeof(pair));
  const __m256i both = _mm256_set1_epi32(pair);
  const __m256i low = _mm256_unpacklo_epi8(first, second);
  const __m256i high = _mm256_unpackhi_epi8(first, second);
  sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), both));
  sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), both));
  sums[2] = _mm256_add_epi32(sums[2], _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), both));
  sums[3] = _mm256_add_epi32(sums[3], _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), both));
}

XCEPTION_AVX2_INLINE void Begin(__m256i sums[4]) {
  for (int part = 0; part < 4; part++) sums[part] = _mm256_set1_epi32(1 << (kWeightBits - 1));
}

// Rounded to 8 bits, in the order in which the bytes came.
XCEPTION_AVX2_INLINE __m256i End(const __m256i sums[4]) {
  const __m256i low =
      _mm256_packs_epi32(_mm256_srai_epi32(sums[0], kWeightBits), _mm256_srai_epi32(sums[1], kWeightBits));
  const __m256i high =
      _mm256_packs_epi32(_mm256_srai_epi32(sums[2], kWeightBits), _mm256_srai_epi32(sums[3], kWeightBits));
  return _mm256_packus_epi16(low, high);
}

// Pixels of eight rows become eight places, or the other way around.
XCEPTION_AVX2_INLINE void Transpose(__m256i lines[8]) {
  __m256i pairs[8];
  __m256i fours[8];
  for (int line = 0; line < 8; line += 2) {
    pairs[line] = _mm256_unpacklo_epi32(lines[line], lines[line + 1]);
    pairs[line + 1] = _mm256_unpackhi_epi32(lines[line], lines[line + 1]);
  }
  for (int half = 0; half < 8; half += 4) {
    fours[half] = _mm256_unpacklo_epi64(pairs[half], pairs[half + 2]);
    fours[half + 1] = _mm256_unpackhi_epi64(pairs[half], pairs[half + 2]);
    fours[half + 2] = _mm256_unpacklo_epi64(pairs[half + 1], pairs[half + 3]);
    fours[half + 3] = _mm256_unpackhi_epi64(pairs[half + 1], pairs[half + 3]);
  }
  for (int line = 0; line < 4; line++) {
    lines[line] = _mm256_permute2x128_si256(fours[line], fours[line + 4], 0x20);
    lines[line + 4] = _mm256_permute2x128_si256(fours[line], fours[line + 4], 0x31);
  }
}

// Eight pixels without their fourth byte, in 24 bytes; what follows is of no meaning.
XCEPTION_AVX2_INLINE __m256i WithoutFourth(__m256i pixels) {
  const __m256i order = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8, 9,
                                         10, 12, 13, 14, -1, -1, -1, -1);
  return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(pixels, order), _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

// Where the number of pairs is known, the compiler makes no loop of them; 0 is any number.
template <int known_pairs>
XCEPTION_AVX2 inline void SumDown(const Down& down, uint8_t* beside) {
  const int pairs = known_pairs == 0 ? down.pairs : known_pairs;
  for (int at = 0; at < down.bytes; at += kBlock, beside += kPlaces * kBlock) {
    __m256i lines[kRows];
    for (int row = 0; row < kRows; row++) {
      const uint8_t* const* rows = down.rows[row];
      __m256i sums[4];
      Begin(sums);
      for (int point = 0; point < 2 * pairs; point += 2) {
        AddPair(rows[point] + at, rows[point + 1] + at, down.weights[row] + point, sums);
      }
      lines[row] = End(sums);
    }
    Transpose(lines);
    for (int place = 0; place < kPlaces; place++) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(beside + place * kBlock), lines[place]);
    }
  }
}

template <int known_pairs>
XCEPTION_AVX2 inline void SumAcross(const uint8_t* beside, const Across& across, const Output& output) {
  const int pairs = known_pairs == 0 ? across.pairs : known_pairs;
  for (int begin = 0; begin < across.count; begin += kPlaces) {
    const int places = std::min(kPlaces, across.count - begin);
    __m256i lines[kPlaces];
    for (int index = 0; index < kPlaces; index++) {
      const int place = std::min(begin + index, across.count - 1);
      const uint8_t* pixels = beside + static_cast<ptrdiff_t>(across.first[place]) * kBlock;
      __m256i sums[4];
      Begin(sums);
      for (int point = 0; point < 2 * pairs; point += 2) {
        AddPair(pixels + point * kBlock, pixels + (point + 1) * kBlock, across.weights[place] + point, sums);
      }
      lines[index] = End(sums);
    }
    Transpose(lines);
    for (int row = 0; row < output.rows; row++) {
      uint8_t* to = output.pixels + (static_cast<size_t>(row) * across.count + begin) * kRgbBytes;
      const __m256i rgb = WithoutFourth(lines[row]);
      if (begin + 2 * kPlaces <= across.count) {
        // Eight bytes too many, over which the next ones are put.
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), rgb);
      } else {
        uint8_t bytes[sizeof(rgb)];
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), rgb);
        std::memcpy(to, bytes, static_cast<size_t>(places) * kRgbBytes);
      }
    }
  }
}

}  // namespace avx2
#endif

using SumDown = void (*)(const Down&, uint8_t* beside);
using SumAcross = void (*)(const uint8_t* beside, const Across&, const Output&);

inline SumDown SumDownFor([[maybe_unused]] int pairs) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    return pairs == 2   ? avx2::SumDown<2>
           : pairs == 3 ? avx2::SumDown<3>
           : pairs == 4 ? avx2::SumDown<4>
                        : avx2::SumDown<0>;
  }
#endif
  return plain::SumDown;
}

inline SumAcross SumAcrossFor([[maybe_unused]] int pairs) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    return pairs == 2   ? avx2::SumAcross<2>
           : pairs == 3 ? avx2::SumAcross<3>
           : pairs == 4 ? avx2::SumAcross<4>
                        : avx2::SumAcross<0>;
  }
#endif
  return plain::SumAcross;
}

}  // namespace pictures

#endif  // XCEPTION_PICTURES_SUMS_H_
