// What is multiplied, computed in pieces small enough to be done between two steps of a product in tiles. Included as
// block.h is.
#pragma once
#include "block.h"

namespace convolutions {
namespace {

// Depthwise output, a vector's channels of a few positions at a time.
template <class Simd, class Number, bool kRelu>
class DepthwiseFill {
 public:
  using Kept = typename Simd::Kept;

  explicit DepthwiseFill(const Convolution& convolution)
      : convolution_(convolution), stride_(StrideOf<Simd>(convolution)) {}

  // Returns how many pieces the positions [first, last) are.
  int Begin(int64_t first, int64_t last, Kept* target) {
    int pieces = 0;
    const int64_t width = convolution_.width;
    for (int64_t position = first; position < last;) {
      const int64_t to = Smaller(last, (position / width + 1) * width);
      pieces += static_cast<int>(DivideUp(to - position, kMost));
      position = to;
    }
    position_ = first;
    last_ = last;
    target_ = target;
    BeginRow();
    return pieces * static_cast<int>(DivideUp(convolution_.channels, Simd::kLanes));
  }

  void RunPiece() {
    const int to = from_ + length_ < to_ ? from_ + length_ : to_;
    const DepthwiseRow<Simd, Number, kRelu> row = {convolution_, above_, middle_, below_};
    row.RunStrip(channel_, from_, to, target_ + (from_ - begin_) * stride_);
    from_ = to;
    if (from_ < to_) return;
    from_ = begin_;
    channel_ += Simd::kLanes;
    if (channel_ < convolution_.channels) return;
    position_ += to_ - begin_;
    target_ += (to_ - begin_) * stride_;
    if (position_ < last_) BeginRow();
  }

 private:
  // Positions of a piece: with as many the CPU still sees the next step of the product from here.
  static constexpr int kMost = 8;

  // What of the map's row is in [position_, last_).
  void BeginRow() {
    const int64_t width = convolution_.width, height = convolution_.height, row = position_ / width;
    const int64_t length = width * convolution_.channels, y = row % height;
    middle_ = static_cast<const Number*>(convolution_.input) + row * length;
    above_ = y > 0 ? middle_ - length : nullptr;
    below_ = y + 1 < height ? middle_ + length : nullptr;
    begin_ = from_ = static_cast<int>(position_ - row * width);
    to_ = static_cast<int>(Smaller(width, begin_ + last_ - position_));
    length_ = static_cast<int>(DivideUp(to_ - begin_, DivideUp(to_ - begin_, kMost)));
    channel_ = 0;
  }

  const Convolution& convolution_;
  const int64_t stride_;
  int64_t position_ = 0;  // Where the row begins.
  int64_t last_ = 0;
  Kept* target_ = nullptr;
  const Number* above_ = nullptr;
  const Number* middle_ = nullptr;
  const Number* below_ = nullptr;
  int begin_ = 0, to_ = 0;      // Of the row.
  int channel_ = 0, from_ = 0;  // Of the next piece.
  int length_ = 0;
};

// Patches of a dense convolution and what is pooled for it, a position at a time.
template <class Simd, class Number>
class PatchFill {
 public:
  using Kept = Number;

  explicit PatchFill(const Convolution& convolution)
      : convolution_(convolution), stride_(StrideOf<Simd>(convolution)) {}

  int Begin(int64_t first, int64_t last, Kept* target) {
    position_ = first;
    target_ = target;
    return static_cast<int>(last - first);
  }

  void RunPiece() {
    if (convolution_.pooled != nullptr) Pool<Simd, Number>(convolution_, position_, position_ + 1);
    CopyPatches(convolution_, position_, position_ + 1, target_, stride_);
    position_++;
    target_ += stride_;
  }

 private:
  const Convolution& convolution_;
  const int64_t stride_;
  int64_t position_ = 0;
  Kept* target_ = nullptr;
};

}  // namespace
}  // namespace convolutions
