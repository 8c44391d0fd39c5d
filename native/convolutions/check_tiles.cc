// The kernels that multiply in tiles, on plain tiles and plain vectors: what they do runs on every machine, whatever
// instructions it has.
#include <cmath>
#include "check.h"
#include "tiled_block.h"

namespace convolutions {
namespace {

// As a vector of 16 floats.
template <class Number>
struct Plain {
  static constexpr int kLanes = 16;
  struct Vector {
    float at[kLanes];
  };
  using Kept = Number;
  using Weight = Number;

  template <class Lane>
  static Vector Make(Lane lane) {
    Vector vector;
    for (int at = 0; at < kLanes; at++) vector.at[at] = lane(at);
    return vector;
  }
  static Vector Zero() { return {}; }
  template <class Any>
  static Vector LoadFirst(const Any* numbers, int count) {
    return Make([=](int at) { return at < count ? ToFloat(numbers[at]) : 0; });
  }
  template <class Any>
  static Vector Load(const Any* numbers) {
    return LoadFirst(numbers, kLanes);
  }
  template <class Any>
  static void StoreFirst(Any* target, const Vector& vector, int count) {
    for (int at = 0; at < count; at++) target[at] = FromFloat<Any>(vector.at[at]);
  }
  template <class Any>
  static void Store(Any* target, const Vector& vector) {
    StoreFirst(target, vector, kLanes);
  }
  static Vector Add(const Vector& left, const Vector& right) {
    return Make([&](int at) { return left.at[at] + right.at[at]; });
  }
  static Vector Max(const Vector& left, const Vector& right) {
    return Make([&](int at) { return left.at[at] > right.at[at] ? left.at[at] : right.at[at]; });
  }
  static Vector Multiply(const Vector& left, const Vector& right) { return MultiplyAdd(left, right, Zero()); }
  static Vector MultiplyAdd(const Vector& left, const Vector& right, const Vector& sum) {
    return Make([&](int at) { return left.at[at] * right.at[at] + sum.at[at]; });
  }
  static Vector Relu(const Vector& vector) { return Max(vector, Zero()); }
  static void Keep(Kept* target, const Vector& vector) { Store(target, vector); }
  static Vector LoadSum(const float* sums) { return Load(sums); }
  static Vector WholeSum(const Vector& sum, const float*, const float*) { return sum; }
};

template <class Number>
struct PlainInt8 : Plain<Number> {
  using typename Plain<Number>::Vector;
  using Kept = uint8_t;
  using Weight = int8_t;

  static void Keep(Kept* target, const Vector& vector) {
    for (int at = 0; at < Plain<Number>::kLanes; at++) {
      target[at] = static_cast<Kept>(std::fmin(std::fmax(std::nearbyint(vector.at[at]), 0), 255));
    }
  }
  static Vector LoadSum(const int32_t* sums) {
    return Plain<Number>::Make([=](int at) { return static_cast<float>(sums[at]); });
  }
  static Vector WholeSum(const Vector& sum, const float* bias, const float* scale) {
    return Plain<Number>::MultiplyAdd(sum, Plain<Number>::Load(scale), Plain<Number>::Load(bias));
  }
};

using Bfloat16Tiles = PlainTiles<bfloat16, bfloat16, float>;
using Int8Tiles = PlainTiles<uint8_t, int8_t, int32_t>;

}  // namespace

const Kernel kPlainBfloat16 = TiledKernelOf<Bfloat16Tiles, Plain<bfloat16>, bfloat16>("plain_bfloat16");
const Kernel kPlainInt8Float32 = TiledKernelOf<Int8Tiles, PlainInt8<float>, float>("plain_int8_float32");
const Kernel kPlainInt8Bfloat16 = TiledKernelOf<Int8Tiles, PlainInt8<bfloat16>, bfloat16>("plain_int8_bfloat16");

}  // namespace convolutions
