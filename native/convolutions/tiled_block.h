// One block of positions, multiplied in tiles. What fills the scratch memory for the next positions, finishes the sums
// of the tiles before and fetches the weights that come next is done piece by piece between the steps of the product,
// which take long and use no other part of the core. Included as block.h is.
#pragma once
#include "block.h"
#include "fill.h"
#include "tiles.h"

namespace convolutions {
namespace {

// Spreads a number of pieces evenly over a number of steps.
class Pace {
 public:
  void Begin(int64_t pieces, int64_t steps) {
    left_ = pieces;
    pieces_ = pieces;
    steps_ = Larger(1, steps);
    due_ = 0;
  }

  // Calls `piece` as often as is due after one more step.
  template <class Piece>
  [[gnu::always_inline]] void Step(Piece piece) {
    for (due_ += pieces_; due_ >= steps_; due_ -= steps_) {
      if (left_ == 0) return;
      left_--;
      piece();
    }
  }

  template <class Piece>
  void Rest(Piece piece) {
    for (; left_ > 0; left_--) piece();
  }

 private:
  int64_t left_ = 0, pieces_ = 0, steps_ = 1, due_ = 0;
};

// Fetches memory into the second-level cache, line by line.
class Fetching {
 public:
  void Begin(const void* memory, int64_t bytes, int64_t steps) {
    next_ = static_cast<const char*>(memory);
    pace_.Begin(DivideUp(bytes, kCacheLine), steps);
  }

  [[gnu::always_inline]] void Step() {
    pace_.Step([this] {
      __builtin_prefetch(next_, 0, 2);
      next_ += kCacheLine;
    });
  }

 private:
  const char* next_ = nullptr;
  Pace pace_;
};

// Fetches the lines that a pair of tiles' sums will be written to, and those of the summand, a position at a time: the
// last ones of each, since the filters before fetched the one that they share.
template <class Number>
class FetchingTargets {
 public:
  void Begin(const Convolution& convolution, int64_t output, int rows, int64_t steps) {
    constexpr int line = kCacheLine / sizeof(Number);
    output_ = static_cast<const Number*>(convolution.output) + output + line - 1;
    summand_ =
        convolution.summand == nullptr ? nullptr : static_cast<const Number*>(convolution.summand) + output + line - 1;
    filters_ = convolution.filters;
    pace_.Begin(rows, steps);
  }

  [[gnu::always_inline]] void Step() {
    pace_.Step([this] {
      Fetch(output_);
      if (summand_ != nullptr) Fetch(summand_);
    });
  }

 private:
  [[gnu::always_inline]] void Fetch(const Number*& numbers) {
    constexpr int line = kCacheLine / sizeof(Number);
    for (int at = 0; at < kPanelFilters; at += line) __builtin_prefetch(numbers + at);
    numbers += filters_;
  }

  const Number* output_ = nullptr;
  const Number* summand_ = nullptr;
  int64_t filters_ = 0;
  Pace pace_;
};

// What is left to do with the sums of a pair of tiles, a position at a time.
template <class Simd, class Number, class Sum>
class Finishing {
 public:
  explicit Finishing(const Convolution& convolution) : convolution_(convolution) {}

  // The sums are of `rows` positions, whose output and summand begin at `output`.
  void Begin(const Sum* sums, int64_t output, int filter, int rows, int64_t steps) {
    sums_ = sums;
    output_ = output;
    filter_ = filter;
    pace_.Begin(rows, steps);
  }

  [[gnu::always_inline]] void Step() {
    pace_.Step([this] { Row(); });
  }
  void Rest() {
    pace_.Rest([this] { Row(); });
  }

 private:
  [[gnu::always_inline]] void Row() {
    const int64_t filters = convolution_.filters, left = filters - filter_;
    for (int begin = 0; begin < kPanelFilters; begin += Simd::kLanes) {
      if (left - begin >= Simd::kLanes) Write<true>(begin, Simd::kLanes);
      else if (left > begin) Write<false>(begin, static_cast<int>(left) - begin);
    }
    sums_ += kPanelFilters;
    output_ += filters;
  }

  template <bool kFull>
  [[gnu::always_inline]] void Write(int begin, int count) const {
    const float* bias = convolution_.bias + filter_ + begin;
    const float* scale = bias + RoundUp(convolution_.filters, kPanelFilters);
    auto sum = Simd::WholeSum(Simd::LoadSum(sums_ + begin), bias, scale);
    const int64_t at = output_ + begin;
    if (convolution_.summand != nullptr) {
      const Number* summand = static_cast<const Number*>(convolution_.summand) + at;
      sum = Simd::Add(sum, kFull ? Simd::Load(summand) : Simd::LoadFirst(summand, count));
    }
    if (convolution_.relu_output) sum = Simd::Relu(sum);
    Number* target = static_cast<Number*>(convolution_.output) + at;
    if (kFull) Simd::Store(target, sum);
    else Simd::StoreFirst(target, sum, count);
  }

  const Convolution& convolution_;
  const Sum* sums_ = nullptr;
  int64_t output_ = 0;
  int filter_ = 0;
  Pace pace_;
};

// The weights of a few panels, in steps. The last step of a panel, where it has fewer lines, is copied and completed
// with zeros.
template <class Weight>
class TiledWeights {
 public:
  explicit TiledWeights(const Convolution& convolution)
      : weights_(static_cast<const char*>(convolution.pointwise)),
        lines_(DivideUp(convolution.channels, kDepth<Weight>)),
        panels_(static_cast<int>(DivideUp(convolution.filters, kPanelFilters))) {}

  int64_t steps() const { return DivideUp(lines_, kTileRows); }
  int64_t whole_steps() const { return lines_ / kTileRows; }
  int panels() const { return panels_; }
  int64_t panel_bytes() const { return lines_ * kWeightLine; }

  // How many panels at once stay in this part of a cache.
  int PanelsIn(int64_t bytes) const {
    const int64_t most = whole_steps() == steps() ? panels_ : kMostCopied;
    return static_cast<int>(Larger(1, Smaller(Smaller(most, panels_), bytes / panel_bytes())));
  }

  const char* Panel(int panel) const { return weights_ + panel * panel_bytes(); }

  void CopyLastSteps(int from, int to) {
    const int64_t whole = whole_steps() * kTileRows, left = (lines_ - whole) * kWeightLine;
    if (left == 0) return;
    for (int panel = from; panel < to; panel++) {
      char* const target = last_steps_[panel - from];
      __builtin_memcpy(target, Panel(panel) + whole * kWeightLine, static_cast<size_t>(left));
      __builtin_memset(target + left, 0, static_cast<size_t>(kStepBytes - left));
    }
  }

  // Of the panels that were copied last.
  const char* LastStep(int number) const { return last_steps_[number]; }

 private:
  static constexpr int kMostCopied = 16;

  const char* const weights_;
  const int64_t lines_;
  const int panels_;
  alignas(kCacheLine) char last_steps_[kMostCopied][kStepBytes];
};

// The positions are computed in groups of up to 32, the filters in runs of panels whose weights stay in the cache.
// Where one run is all, the scratch memory is used for two groups in turn and stays in the first-level cache.
template <class Tiles, class Simd, class Number, class Fill>
class TiledBlock {
 public:
  using Kept = typename Simd::Kept;
  using Sum = typename Tiles::Sum;

  TiledBlock(const Convolution& convolution, int64_t first, int64_t last, Kept* scratch)
      : convolution_(convolution),
        first_(first),
        positions_(last - first),
        groups_(DivideUp(positions_, kTilePair)),
        shape_(ShapeOfRows(static_cast<int>(DivideUp(positions_, groups_)))),
        stride_(StrideOf<Simd>(convolution)),
        scratch_(scratch),
        weights_(convolution),
        run_(weights_.PanelsIn(SecondLevelCacheBytes() * 3 / 16)),
        fill_(convolution),
        finishing_(convolution) {}

  void Run() {
    ClearTails();
    Tiles tiles(shape_);
    FillFirst();
    for (int panel = 0; panel < weights_.panels(); panel += run_) {
      RunPanels(tiles, panel, static_cast<int>(Smaller(panel + run_, weights_.panels())));
    }
    finishing_.Rest();
  }

 private:
  // Of a group.
  int64_t BeginOf(int64_t group) const { return positions_ * group / groups_; }
  Kept* RowsOf(int64_t group) const {
    const bool in_turn = run_ == weights_.panels();
    return scratch_ + (in_turn ? group % 2 * (shape_.upper + shape_.lower) : BeginOf(group)) * stride_;
  }

  // What a step multiplies behind the channels. The fill may write a part of it, zeros too.
  void ClearTails() {
    const int64_t channels = convolution_.channels, end = RoundUp(channels, kTileBytes / sizeof(Kept));
    if (end == channels) return;
    const int64_t rows =
        run_ == weights_.panels() ? Smaller(groups_, 2) * (shape_.upper + shape_.lower) : positions_ + 1;
    for (int64_t row = 0; row < rows; row++) Clear(scratch_ + row * stride_ + channels, end - channels);
  }

  int BeginFill(int64_t group) {
    return fill_.Begin(first_ + BeginOf(group), first_ + BeginOf(group + 1), RowsOf(group));
  }

  void FillFirst() {
    const int pieces = BeginFill(0);
    fetching_.Begin(weights_.Panel(0), run_ * weights_.panel_bytes(), pieces);
    for (int piece = 0; piece < pieces; piece++) {
      fill_.RunPiece();
      fetching_.Step();
    }
  }

  void RunPanels(Tiles& tiles, int from, int to) {
    const int64_t steps = weights_.steps() * (to - from), next = Smaller(run_, weights_.panels() - to);
    weights_.CopyLastSteps(from, to);
    fetching_.Begin(weights_.Panel(to), next * weights_.panel_bytes(), steps * groups_);
    for (int64_t group = 0; group < groups_; group++) {
      fill_pace_.Begin(from == 0 && group + 1 < groups_ ? BeginFill(group + 1) : 0, steps);
      for (int panel = from; panel < to; panel++) RunTiles(tiles, group, panel, weights_.LastStep(panel - from));
      fill_pace_.Rest([this] { fill_.RunPiece(); });
    }
  }

  void RunTiles(Tiles& tiles, int64_t group, int panel, const char* last_step) {
    const int64_t begin = BeginOf(group), stride = stride_ * static_cast<int64_t>(sizeof(Kept));
    const int rows = static_cast<int>(BeginOf(group + 1) - begin), filter = panel * kPanelFilters;
    const int64_t output = (first_ + begin) * convolution_.filters + filter;
    const char* upper = reinterpret_cast<const char*>(RowsOf(group));
    const char* lower = upper + shape_.upper * stride;
    const char* weights = weights_.Panel(panel);
    targets_.Begin(convolution_, output, rows, weights_.steps());
    if constexpr (kIsQuantized<typename Simd::Weight>) tiles.BeginWithZeros();
    else tiles.Begin(convolution_.bias + filter);
    for (int64_t step = weights_.whole_steps(); step > 0; step--) {
      tiles.Step(upper, lower, stride, weights);
      upper += kTileBytes;
      lower += kTileBytes;
      weights += kStepBytes;
      Meanwhile();
    }
    if (weights_.whole_steps() < weights_.steps()) {
      tiles.Step(upper, lower, stride, last_step);
      Meanwhile();
    }
    finishing_.Rest();
    sums_at_ ^= 1;
    tiles.Store(sums_[sums_at_], shape_.upper);
    finishing_.Begin(sums_[sums_at_][0], output, filter, rows, weights_.steps());
  }

  [[gnu::always_inline]] void Meanwhile() {
    finishing_.Step();
    targets_.Step();
    fetching_.Step();
    fill_pace_.Step([this] { fill_.RunPiece(); });
  }

  const Convolution& convolution_;
  const int64_t first_, positions_, groups_;
  const TileShape shape_;
  const int64_t stride_;
  Kept* const scratch_;
  TiledWeights<typename Simd::Weight> weights_;
  // Panels of a run.
  const int run_;
  Fill fill_;
  Pace fill_pace_;
  Fetching fetching_;
  FetchingTargets<Number> targets_;
  Finishing<Simd, Number, Sum> finishing_;
  // Of the tiles that are finished, and of the next ones.
  alignas(kCacheLine) Sum sums_[2][kTilePair][kPanelFilters];
  int sums_at_ = 0;
};

template <class Tiles, class Simd, class Number>
void ComputeTiledBlock(const Convolution& convolution, int64_t first, int64_t last, void* memory) {
  auto* scratch = static_cast<typename Simd::Kept*>(memory);
  if constexpr (!kIsQuantized<typename Simd::Weight>) {
    if (convolution.window != nullptr) {
      Convolution product = convolution;
      // What is pooled goes into the output's own memory.
      if (convolution.pooled != nullptr) product.summand = convolution.output;
      return TiledBlock<Tiles, Simd, Number, PatchFill<Simd, Number>>(product, first, last, scratch).Run();
    }
  }
  if (convolution.relu_input) {
    TiledBlock<Tiles, Simd, Number, DepthwiseFill<Simd, Number, true>>(convolution, first, last, scratch).Run();
  } else {
    TiledBlock<Tiles, Simd, Number, DepthwiseFill<Simd, Number, false>>(convolution, first, last, scratch).Run();
  }
}

template <class Tiles, class Simd, class Number>
constexpr Kernel TiledKernelOf(const char* file) {
  return {file, ComputeTiledBlock<Tiles, Simd, Number>, sizeof(typename Simd::Kept), kTilePair, false};
}

}  // namespace
}  // namespace convolutions
