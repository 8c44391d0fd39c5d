// Holds every kernel that this CPU can run to the same sums in double precision, on shapes that fill no vector, tile or
// block. A program of its own, so that it can be compiled with sanitizers: CI does. Prints the largest error of each; 1
// where one is too large. With a number as its argument it leaves out all cases but every so manyth: emulated CPUs are
// slow.
#include "check.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>
#include "check_choice.h"
#include "check_dense.h"
#include "convolve.h"

namespace convolutions {
namespace {

struct Shape {
  int images, height, width, channels, filters;
};

constexpr Shape kShapes[] = {{1, 1, 1, 1, 1},      {1, 1, 7, 3, 5},      {1, 5, 1, 8, 16},    {2, 3, 3, 15, 17},
                             {3, 4, 5, 16, 32},    {1, 2, 9, 31, 33},    {1, 19, 19, 65, 47}, {5, 7, 3, 33, 100},
                             {1, 13, 29, 128, 64}, {2, 10, 10, 257, 31}, {1, 3, 2, 1537, 9},  {1, 37, 37, 40, 24}};

template <class Number, class Weight>
struct Case {
  static constexpr bool is_quantized = kIsQuantized<Weight>;

  Shape shape;
  bool relu_input, relu_output, has_summand;
  std::vector<Number> input, summand, output;
  std::vector<Weight> pointwise;
  std::vector<float> depthwise, bias;

  Case(const Shape& of, int variant, std::mt19937& random)
      : shape(of),
        relu_input(variant & 1),
        relu_output(variant & 2),
        has_summand(variant & 4),
        input(Draw<Number>(positions() * shape.channels, random)),
        summand(Draw<Number>(positions() * shape.filters, random)),
        output(positions() * shape.filters),
        pointwise(padded_filters() * RoundUp(shape.channels, kDepth<Weight>)),
        depthwise((kWindow + is_quantized) * padded()),
        bias((1 + is_quantized) * padded_filters()) {
    std::normal_distribution<float> normal;
    for (int filter = 0; filter < shape.filters; filter++) bias[filter] = normal(random);
    if constexpr (is_quantized) DrawQuantized(random);
    else DrawWeights(random);
  }

  void DrawWeights(std::mt19937& random) {
    std::normal_distribution<float> normal;
    const float root = std::sqrt(static_cast<float>(shape.channels));
    for (int channel = 0; channel < shape.channels; channel++) {
      for (int at = 0; at < kWindow; at++) depthwise[at * padded() + channel] = normal(random) / 3;
      for (int filter = 0; filter < shape.filters; filter++) {
        pointwise[PointwiseAt(channel, filter)] = FromFloat<Weight>(normal(random) / root);
      }
    }
  }

  // With numbers whose depthwise sums are exact, so that both sides round them alike: halves too. Some channels are far
  // outside.
  void DrawQuantized(std::mt19937& random) {
    const auto integer = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    const auto between = [&](int low, int high) { return static_cast<float>(integer(low, high)); };
    for (Number& number : input) number = FromFloat<Number>(between(-8, 8));
    for (int channel = 0; channel < shape.channels; channel++) {
      for (int at = 0; at < kWindow; at++) depthwise[at * padded() + channel] = between(-64, 64) / 16.0f;
      depthwise[kWindow * padded() + channel] =
          channel % 7 == 5 ? between(-1, 1) * 1e10f : between(-1600, 4800) / 16.0f;
      for (int filter = 0; filter < shape.filters; filter++) {
        pointwise[PointwiseAt(channel, filter)] = static_cast<Weight>(integer(-127, 127));
      }
    }
    const float unit = 1 / (1e4f * std::sqrt(static_cast<float>(shape.channels)));
    for (int filter = 0; filter < shape.filters; filter++) bias[padded_filters() + filter] = unit * between(1, 9) / 8;
  }

  int64_t positions() const { return static_cast<int64_t>(shape.images) * shape.height * shape.width; }
  int64_t padded() const { return RoundUp(shape.channels, kChannelStep); }
  int64_t padded_filters() const { return RoundUp(shape.filters, kPanelFilters); }

  int64_t PointwiseAt(int channel, int filter) const {
    constexpr int depth = kDepth<Weight>;
    return (filter / kPanelFilters * RoundUp(shape.channels, depth) + channel / depth * depth) * kPanelFilters +
           filter % kPanelFilters * depth + channel % depth;
  }

  Convolution ToConvolution() {
    return {shape.height,
            shape.width,
            shape.channels,
            shape.filters,
            relu_input,
            relu_output,
            input.data(),
            depthwise.data(),
            pointwise.data(),
            bias.data(),
            has_summand ? summand.data() : nullptr,
            output.data()};
  }

  double Depthwise(int64_t position, int channel) const {
    const int64_t x = position % shape.width, y = position / shape.width % shape.height;
    double sum = is_quantized ? depthwise[kWindow * padded() + channel] : 0;
    for (int at = 0; at < kWindow; at++) {
      const int down = at / 3 - 1, right = at % 3 - 1;
      if (y + down < 0 || y + down >= shape.height || x + right < 0 || x + right >= shape.width) continue;
      const double number = ToFloat(input[(position + down * shape.width + right) * shape.channels + channel]);
      sum += (relu_input ? std::fmax(number, 0) : number) * depthwise[at * padded() + channel];
    }
    return is_quantized ? std::fmin(std::fmax(std::nearbyint(sum), 0), 255) : sum;
  }

  // Largest distance of the output from what it should be.
  double LargestError() const {
    double largest = 0;
    std::vector<double> of_position(shape.channels);
    for (int64_t position = 0; position < positions(); position++) {
      for (int channel = 0; channel < shape.channels; channel++) of_position[channel] = Depthwise(position, channel);
      for (int filter = 0; filter < shape.filters; filter++) {
        const int64_t at = position * shape.filters + filter;
        double sum = 0;
        for (int channel = 0; channel < shape.channels; channel++) {
          sum += of_position[channel] * ToFloat(pointwise[PointwiseAt(channel, filter)]);
        }
        if (is_quantized) sum *= bias[padded_filters() + filter];
        sum += bias[filter] + (has_summand ? ToFloat(summand[at]) : 0);
        largest = std::fmax(largest, std::fabs((relu_output ? std::fmax(sum, 0) : sum) - ToFloat(output[at])));
      }
    }
    return largest;
  }
};

template <class Number, class Weight = Number>
bool Check(const Kernel& kernel, Team& team, int step) {
  std::mt19937 random(1);
  double largest = 0;
  int number = 0;
  for (const Shape& shape : kShapes) {
    for (int variant = 0; variant < 8; variant++) {
      if (number++ % step != 0) continue;
      Case<Number, Weight> one(shape, variant, random);
      if (!Convolve(kernel, one.ToConvolution(), one.positions(), team)) return false;
      // Not fmax, which takes what is no number for nothing.
      const double error = one.LargestError();
      if (!(error <= largest)) largest = error;
    }
  }
  std::printf("%s: largest error %g\n", kernel.file, largest);
  return largest < kTolerance<Number>;
}

bool CheckRow(const KernelRow& row, Team& team, int step) {
  const Kernel& kernel = KernelOfRow(row);
  const bool is_float = row.maps == Numbers::kFloat32;
  if (row.weights == Numbers::kInt8) {
    return is_float ? Check<float, int8_t>(kernel, team, step) : Check<bfloat16, int8_t>(kernel, team, step);
  }
  if (is_float) return CheckDense<float>(kernel, team, step) && Check<float>(kernel, team, step);
  return CheckDense<bfloat16>(kernel, team, step) && Check<bfloat16>(kernel, team, step);
}

}  // namespace

// Much less than any CPU has, so that what does not fit is seen on small shapes.
int64_t SecondLevelCacheBytes() { return 32 * 1024; }

}  // namespace convolutions

int main(int count, char** arguments) {
  using namespace convolutions;
  const int step = count > 1 ? std::max(1, std::atoi(arguments[1])) : 1;
  // It stays, as the addon's does.
  Team& team = *new Team(3, std::chrono::microseconds(500));
  bool good = CheckChoice();
  for (const KernelRow& row : kKernelRows) {
    if (Runs(row, cpu::Has)) good &= CheckRow(row, team, step);
  }
  // Plain tiles are the same on every CPU.
  if (step > 1) return good ? 0 : 1;
  good &= CheckDense<bfloat16>(kPlainBfloat16, team, step) && Check<bfloat16>(kPlainBfloat16, team, step);
  good &=
      Check<float, int8_t>(kPlainInt8Float32, team, step) && Check<bfloat16, int8_t>(kPlainInt8Bfloat16, team, step);
  return good ? 0 : 1;
}
