// Holds every kernel that this CPU can run to the same sums in double precision, on shapes that fill no vector, tile or block. A
// program of its own, so that it can be compiled with sanitizers: CI does. Prints the largest error of each; 1 where one is too large.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>
#include "convolve.h"

namespace separable {
namespace {

struct Shape {
  int images, height, width, channels, filters;
};

constexpr Shape kShapes[] = {
    {1, 1, 1, 1, 1},   {1, 1, 7, 3, 5},     {1, 5, 1, 8, 16},    {2, 3, 3, 15, 17},   {3, 4, 5, 16, 32},  {1, 2, 9, 31, 33},
    {1, 19, 19, 65, 47}, {5, 7, 3, 33, 100}, {1, 13, 29, 128, 64}, {2, 10, 10, 257, 31}, {1, 3, 2, 1537, 9}, {1, 37, 37, 40, 24}};

float ToFloat(float number) { return number; }
float ToFloat(bfloat16 number) {
  const uint32_t bits = static_cast<uint32_t>(number) << 16;
  float whole;
  std::memcpy(&whole, &bits, sizeof whole);
  return whole;
}

template <class Number>
Number FromFloat(float number);
template <>
float FromFloat(float number) { return number; }
template <>
bfloat16 FromFloat(float number) {
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return static_cast<bfloat16>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Numbers on the heap, in memory that is exactly as long, so that a sanitizer sees what is read or written behind it.
template <class Number>
std::vector<Number> Draw(int64_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<Number> numbers(count);
  for (Number& number : numbers) number = FromFloat<Number>(normal(random));
  return numbers;
}

template <class Number>
struct Case {
  Shape shape;
  bool relu_input, relu_output, has_summand;
  std::vector<Number> input, summand, output, pointwise;
  std::vector<float> depthwise, bias;

  Case(const Shape& shape, int variant, std::mt19937& random)
      : shape(shape), relu_input(variant & 1), relu_output(variant & 2), has_summand(variant & 4),
        input(Draw<Number>(positions() * shape.channels, random)), summand(Draw<Number>(positions() * shape.filters, random)),
        output(positions() * shape.filters), pointwise(RoundUp(shape.filters, kPanelFilters) * RoundUp(shape.channels, kDepth<Number>)),
        depthwise(kWindow * padded()), bias(RoundUp(shape.filters, kPanelFilters)) {
    std::normal_distribution<float> normal;
    for (int at = 0; at < kWindow; at++) {
      for (int channel = 0; channel < shape.channels; channel++) depthwise[at * padded() + channel] = normal(random) / 3;
    }
    for (int filter = 0; filter < shape.filters; filter++) {
      bias[filter] = normal(random);
      for (int channel = 0; channel < shape.channels; channel++) {
        pointwise[PointwiseAt(channel, filter)] = FromFloat<Number>(normal(random) / std::sqrt(static_cast<float>(shape.channels)));
      }
    }
  }

  int64_t positions() const { return static_cast<int64_t>(shape.images) * shape.height * shape.width; }
  int64_t padded() const { return RoundUp(shape.channels, kChannelStep); }

  int64_t PointwiseAt(int channel, int filter) const {
    constexpr int depth = kDepth<Number>;
    return (filter / kPanelFilters * RoundUp(shape.channels, depth) + channel / depth * depth) * kPanelFilters +
        filter % kPanelFilters * depth + channel % depth;
  }

  Convolution ToConvolution() {
    return {shape.height, shape.width, shape.channels, shape.filters, relu_input, relu_output, input.data(), depthwise.data(),
            pointwise.data(), bias.data(), has_summand ? summand.data() : nullptr, output.data()};
  }

  double Depthwise(int64_t position, int channel) const {
    const int x = position % shape.width, y = position / shape.width % shape.height;
    double sum = 0;
    for (int at = 0; at < kWindow; at++) {
      const int down = at / 3 - 1, right = at % 3 - 1;
      if (y + down < 0 || y + down >= shape.height || x + right < 0 || x + right >= shape.width) continue;
      const double number = ToFloat(input[(position + down * shape.width + right) * shape.channels + channel]);
      sum += (relu_input ? std::fmax(number, 0) : number) * depthwise[at * padded() + channel];
    }
    return sum;
  }

  // Of the output to what it should be.
  double LargestError() const {
    double largest = 0;
    std::vector<double> of_position(shape.channels);
    for (int64_t position = 0; position < positions(); position++) {
      for (int channel = 0; channel < shape.channels; channel++) of_position[channel] = Depthwise(position, channel);
      for (int filter = 0; filter < shape.filters; filter++) {
        const int64_t at = position * shape.filters + filter;
        double sum = bias[filter] + (has_summand ? ToFloat(summand[at]) : 0);
        for (int channel = 0; channel < shape.channels; channel++) sum += of_position[channel] * ToFloat(pointwise[PointwiseAt(channel, filter)]);
        largest = std::fmax(largest, std::fabs((relu_output ? std::fmax(sum, 0) : sum) - ToFloat(output[at])));
      }
    }
    return largest;
  }
};

// Of sums of some units: what the last digits of the numbers allow.
template <class Number>
constexpr double kTolerance = sizeof(Number) == sizeof(bfloat16) ? 0.05 : 1e-5;

template <class Number>
bool Check(const Kernel& kernel, Team& team) {
  std::mt19937 random(1);
  double largest = 0;
  for (const Shape& shape : kShapes) {
    for (int variant = 0; variant < 8; variant++) {
      Case<Number> one(shape, variant, random);
      Convolve<Number>(kernel, one.ToConvolution(), one.positions(), team);
      // Not fmax, which takes what is no number for nothing.
      const double error = one.LargestError();
      if (!(error <= largest)) largest = error;
    }
  }
  std::printf("%s: largest error %g\n", kernel.name, largest);
  return largest < kTolerance<Number>;
}

}  // namespace
}  // namespace separable

int main() {
  using namespace separable;
  // It stays, as the addon's does.
  Team& team = *new Team(3);
  bool good = true;
  const Kernel* best = ChooseKernel<float>();
  if (best != nullptr) good &= Check<float>(kAvx2Float32, team);
  if (best == &kAvx512Float32) good &= Check<float>(kAvx512Float32, team);
  if (ChooseKernel<bfloat16>() != nullptr) good &= Check<bfloat16>(kAvx512Bfloat16, team);
  return good ? 0 : 1;
}
