// Reduces rows of 8-bit pixels to a smaller picture, as they come, and gives each byte that libvips gives
// (libvips/resample/reducev.cpp, reduceh.cpp and templates.h of 8.18): first down, then across, in 12 bits of fixed
// point, each rounded to 8 bits. Of the four bytes of a pixel, the last plays no part.
#ifndef XCEPTION_PICTURES_REDUCE_H_
#define XCEPTION_PICTURES_REDUCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>
#include "sums.h"

namespace pictures {

enum class Kernel { kLinear, kCubic, kLanczos3 };

// Positions between two pixels for which there are weights (VIPS_TRANSFORM_SCALE).
constexpr int kPositions = 64;
// Rows that libvips makes at a time (VIPS__FATSTRIP_HEIGHT).
constexpr int kStripRows = 16;

inline double Sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= M_PI;
  return std::sin(x) / x;
}

inline double WeightAt(Kernel kernel, double x) {
  const double ax = std::fabs(x);
  switch (kernel) {
    case Kernel::kLinear:
      return ax < 1.0 ? 1.0 - ax : 0.0;
    case Kernel::kCubic:
      // Catmull and Rom's.
      if (ax <= 1) return (9.0 * (ax * ax * ax) + -15.0 * (ax * ax) + 6.0) / 6;
      if (ax <= 2) return (-3.0 * (ax * ax * ax) + 15.0 * (ax * ax) + -24.0 * ax + 12.0) / 6;
      return 0.0;
    case Kernel::kLanczos3:
      return ax <= 3 ? Sinc(x) * Sinc(x / 3) : 0.0;
  }
  return 0.0;
}

// Pixels that play a part in each one of the reduced picture.
inline int PointsOf(Kernel kernel, double shrink) {
  if (shrink == 1.0) return 1;
  const int reach = kernel == Kernel::kLinear ? 1 : kernel == Kernel::kCubic ? 2 : 3;
  return 2 * static_cast<int>(std::rint(reach * shrink)) + 1;
}

// What becomes of one axis: for each place of the part that is wanted, where its pixels begin, and their weights.
class Axis {
 public:
  // `from` pixels become `to`, of which `count` are wanted from `begin` on, which libvips makes `strip` at a time.
  // 1 <= from / to < 4: above that, libvips begins with means of whole pixels.
  Axis(Kernel kernel, int from, int to, int begin, int count, int strip) {
    // As it comes to libvips: as a scale, the reciprocal of what is to be shrunk by.
    const double shrink = 1.0 / (1.0 / (static_cast<double>(from) / to));
    points = PointsOf(kernel, shrink);
    pairs = (points + 1) / 2;
    lead = pairs - 1;
    MakeWeights(kernel, shrink);
    const double offset = (1 + (to * shrink - from)) / 2.0 - 1;
    first.reserve(count);
    weights.reserve(count);
    double position = 0.0;
    for (int index = 0; index < count; index++) {
      // Added up as libvips does it within a strip, since the last bit of a sum can decide which weights are taken.
      position = index % strip == 0 ? (begin + index + 0.5) * shrink - 0.5 - offset : position + shrink;
      Add(points == 1 ? begin + index : position);
    }
  }
  Axis(const Axis&) = delete;
  Axis& operator=(const Axis&) = delete;

  int Count() const { return static_cast<int>(first.size()); }

  int points;
  // Of points: behind an odd number of them comes one that weighs nothing.
  int pairs;
  // Pixels before the first one that the first place reaches for. The edges of a picture go on as they are.
  int lead;
  std::vector<int> first;
  std::vector<const int16_t*> weights;

 private:
  void Add(double position) {
    const int between = static_cast<int>(position * kPositions * 2) & (kPositions * 2 - 1);
    first.push_back(static_cast<int>(position) - lead);
    weights.push_back(&table_[static_cast<size_t>((between + 1) >> 1) * 2 * pairs]);
  }

  void MakeWeights(Kernel kernel, double shrink) {
    table_.resize(static_cast<size_t>(kPositions + 1) * 2 * pairs);
    if (points == 1) {
      table_[0] = 1 << kWeightBits;
      return;
    }
    std::vector<double> exact(points);
    for (int position = 0; position <= kPositions; position++) {
      const double half = static_cast<double>(position) / kPositions + points / 2.0 - 1;
      double sum = 0.0;
      for (int point = 0; point < points; point++) sum += exact[point] = WeightAt(kernel, (point - half) / shrink);
      int16_t* table = &table_[static_cast<size_t>(position) * 2 * pairs];
      for (int point = 0; point < points; point++) {
        table[point] = static_cast<int16_t>(exact[point] / sum * (1 << kWeightBits));
      }
    }
  }

  std::vector<int16_t> table_;
};

class Reducer {
 public:
  // Takes `height` rows of `width` pixels; those behind have no effect. `output` takes `down.Count()` rows of
  // `across.Count()` pixels, three bytes each.
  Reducer(int width, int height, const Axis& across, const Axis& down, uint8_t* output)
      : width_(width),
        height_(height),
        across_(across),
        down_(down),
        output_(output),
        sum_down_(SumDownFor(down.pairs)),
        sum_across_(SumAcrossFor(across.pairs)),
        row_bytes_(((width + 1) * kPixelBytes + kBlock - 1) / kBlock * kBlock),
        kept_(down.points + 4 * kRows),
        rows_(new uint8_t[static_cast<size_t>(row_bytes_) * kept_]),
        beside_(new uint8_t[static_cast<size_t>(across.lead + row_bytes_ / kPixelBytes + 2 * across.pairs) * kBlock]),
        places_(static_cast<size_t>(kRows) * 2 * down.pairs) {}

  // Where the next row is to be put, of one pixel more at most.
  uint8_t* NextRow() { return RowAt(come_); }

  void Take() {
    come_++;
    while (done_ < down_.Count() && come_ >= std::min(height_, Needed())) MakeRows();
  }

 private:
  uint8_t* RowAt(int index) { return &rows_[static_cast<size_t>(index % kept_) * row_bytes_]; }
  int Now() const { return std::min(kRows, down_.Count() - done_); }
  int Needed() const { return down_.first[done_ + Now() - 1] + down_.points; }

  void MakeRows() {
    const int rows = Now();
    Down down = {{}, {}, down_.pairs, row_bytes_};
    for (int row = 0; row < kRows; row++) {
      const int place = done_ + std::min(row, rows - 1);
      const uint8_t** places = &places_[static_cast<size_t>(row) * 2 * down_.pairs];
      for (int point = 0; point < 2 * down_.pairs; point++) {
        places[point] = RowAt(std::max(0, std::min({height_ - 1, come_ - 1, down_.first[place] + point})));
      }
      down.rows[row] = places;
      down.weights[row] = down_.weights[place];
    }
    uint8_t* begin = &beside_[static_cast<size_t>(across_.lead) * kBlock];
    sum_down_(down, begin);
    RepeatEdges(begin);
    const Across across = {across_.first.data(), across_.weights.data(), across_.pairs, across_.Count()};
    sum_across_(begin, across, {output_ + static_cast<size_t>(done_) * across_.Count() * kRgbBytes, rows});
    done_ += rows;
  }

  void RepeatEdges(uint8_t* begin) {
    for (int place = -across_.lead; place < 0; place++) std::copy_n(begin, kBlock, begin + place * kBlock);
    const uint8_t* last = begin + static_cast<size_t>(width_ - 1) * kBlock;
    for (int place = width_; place < width_ + 2 * across_.pairs; place++) {
      std::copy_n(last, kBlock, begin + static_cast<size_t>(place) * kBlock);
    }
  }

  const int width_;
  const int height_;
  const Axis& across_;
  const Axis& down_;
  uint8_t* const output_;
  const SumDown sum_down_;
  const SumAcross sum_across_;
  const int row_bytes_;
  // Rows that are kept, in a ring.
  const int kept_;
  const std::unique_ptr<uint8_t[]> rows_;
  const std::unique_ptr<uint8_t[]> beside_;
  std::vector<const uint8_t*> places_;
  int come_ = 0;
  int done_ = 0;
};

}  // namespace pictures

#endif  // XCEPTION_PICTURES_REDUCE_H_
