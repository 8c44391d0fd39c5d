// Holds the dense convolutions of a kernel to the same sums in double precision.
#pragma once
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>
#include "check.h"
#include "convolve.h"

namespace convolutions {

struct DenseShape {
  int images, map_height, map_width, map_channels, filters;
  int height, width, down, right, top, left;
  // Sides of the output.
  int out_height, out_width;
};

// Odd and even sides, windows larger than the map, and as TensorFlow pads for `same` and `valid`.
constexpr DenseShape kDenseShapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1},    {2, 9, 9, 3, 32, 3, 3, 2, 2, 0, 0, 4, 4},
    {1, 7, 5, 32, 64, 3, 3, 1, 1, 1, 1, 7, 5},  {1, 15, 15, 16, 33, 1, 1, 2, 2, 0, 0, 8, 8},
    {2, 10, 6, 65, 40, 1, 1, 2, 2, 0, 0, 5, 3}, {1, 2, 3, 5, 17, 5, 7, 1, 1, 2, 3, 2, 3},
    {3, 8, 8, 7, 100, 3, 2, 3, 1, 0, 0, 3, 8},  {1, 31, 29, 3, 8, 7, 7, 2, 2, 3, 3, 16, 15},
    {2, 4, 4, 9, 31, 1, 3, 1, 1, 0, 1, 4, 4}};

template <class Number>
struct DenseCase {
  DenseShape shape;
  bool relu_output;
  // 0 is none, 1 a summand of the output's size, 2 and 3 one that is pooled, of odd and even sides, with TensorFlow's
  // `same` padding, 4 one of even sides with a row and a column around it.
  int summand_kind;
  Window window;
  PooledMap pooled;
  std::vector<Number> input, summand, output, kernel;
  std::vector<float> bias;

  DenseCase(const DenseShape& of, bool with_relu, int kind, std::mt19937& random)
      : shape(of),
        relu_output(with_relu),
        summand_kind(kind),
        window{shape.map_height, shape.map_width, shape.map_channels, shape.height, shape.width,
               shape.down,       shape.right,     shape.top,          shape.left},
        pooled{nullptr, PooledSide(shape.out_height), PooledSide(shape.out_width), summand_kind != 3,
               summand_kind != 3},
        input(Draw<Number>(int64_t{shape.images} * shape.map_height * shape.map_width * shape.map_channels, random)),
        summand(Draw<Number>(SummandLength(), random)),
        output(positions() * shape.filters),
        kernel(RoundUp(shape.filters, kPanelFilters) * RoundUp(patch(), kDepth<Number>)),
        bias(RoundUp(shape.filters, kPanelFilters)) {
    std::normal_distribution<float> normal;
    const float root = std::sqrt(static_cast<float>(patch()));
    pooled.numbers = summand.data();
    for (int filter = 0; filter < shape.filters; filter++) {
      bias[filter] = normal(random);
      for (int at = 0; at < patch(); at++) kernel[KernelAt(at, filter)] = FromFloat<Number>(normal(random) / root);
    }
  }

  int PooledSide(int side) const { return summand_kind == 2 ? side * 2 - 1 : side * 2; }
  int64_t positions() const { return int64_t{shape.images} * shape.out_height * shape.out_width; }
  int patch() const { return shape.height * shape.width * shape.map_channels; }
  int64_t SummandLength() const {
    return (summand_kind < 2 ? positions() : int64_t{shape.images} * pooled.height * pooled.width) * shape.filters;
  }

  int64_t KernelAt(int at, int64_t filter) const {
    constexpr int depth = kDepth<Number>;
    return (filter / kPanelFilters * RoundUp(patch(), depth) + at / depth * depth) * kPanelFilters +
           filter % kPanelFilters * depth + at % depth;
  }

  Convolution ToConvolution() {
    return {shape.out_height,
            shape.out_width,
            patch(),
            shape.filters,
            false,
            relu_output,
            input.data(),
            nullptr,
            kernel.data(),
            bias.data(),
            summand_kind == 1 ? summand.data() : nullptr,
            output.data(),
            &window,
            summand_kind >= 2 ? &pooled : nullptr};
  }

  double Input(int64_t image, int64_t y, int64_t x, int channel) const {
    if (y < 0 || y >= shape.map_height || x < 0 || x >= shape.map_width) return 0;
    return ToFloat(input[((image * shape.map_height + y) * shape.map_width + x) * shape.map_channels + channel]);
  }

  double Summand(int64_t image, int64_t y, int64_t x, int64_t filter) const {
    if (summand_kind == 0) return 0;
    if (summand_kind == 1) {
      return ToFloat(summand[((image * shape.out_height + y) * shape.out_width + x) * shape.filters + filter]);
    }
    double largest = -INFINITY;
    for (int64_t row = 2 * y - pooled.top; row < 2 * y - pooled.top + 3; row++) {
      for (int64_t column = 2 * x - pooled.left; column < 2 * x - pooled.left + 3; column++) {
        if (row < 0 || row >= pooled.height || column < 0 || column >= pooled.width) continue;
        const double number =
            ToFloat(summand[((image * pooled.height + row) * pooled.width + column) * shape.filters + filter]);
        largest = std::fmax(largest, number);
      }
    }
    return largest;
  }

  double Sum(int64_t image, int64_t y, int64_t x, int64_t filter) const {
    double sum = bias[filter] + Summand(image, y, x, filter);
    for (int at = 0; at < patch(); at++) {
      const int channel = at % shape.map_channels, column = at / shape.map_channels % shape.width,
                row = at / shape.map_channels / shape.width;
      const double number =
          Input(image, y * shape.down - shape.top + row, x * shape.right - shape.left + column, channel);
      sum += number * ToFloat(kernel[KernelAt(at, filter)]);
    }
    return relu_output ? std::fmax(sum, 0) : sum;
  }

  // Largest distance of the output from what it should be.
  double LargestError() const {
    double largest = 0;
    for (int64_t at = 0; at < static_cast<int64_t>(output.size()); at++) {
      const int64_t position = at / shape.filters;
      const int64_t x = position % shape.out_width, y = position / shape.out_width % shape.out_height;
      const double error = std::fabs(Sum(position / (shape.out_height * shape.out_width), y, x, at % shape.filters) -
                                     ToFloat(output[at]));
      if (!(error <= largest)) largest = error;
    }
    return largest;
  }
};

template <class Number>
bool CheckDense(const Kernel& kernel, Team& team, int step) {
  std::mt19937 random(1);
  double largest = 0;
  int number = 0;
  for (const DenseShape& shape : kDenseShapes) {
    for (int variant = 0; variant < 10; variant++) {
      if (number++ % step != 0) continue;
      DenseCase<Number> one(shape, variant & 1, variant >> 1, random);
      if (!Convolve(kernel, one.ToConvolution(), one.positions(), team)) return false;
      const double error = one.LargestError();
      if (!(error <= largest)) largest = error;
    }
  }
  std::printf("%s dense: largest error %g\n", kernel.file, largest);
  return largest < kTolerance<Number>;
}

}  // namespace convolutions
