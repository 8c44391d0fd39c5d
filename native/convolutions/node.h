// What the operations share: a node of TensorFlow's graph, through TensorFlow's C interface.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <vector>
#include "kernels.h"
#include "team.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace convolutions {

struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using Tensor = std::unique_ptr<TF_Tensor, DeleteTensor>;

struct DeleteStatus {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
using Status = std::unique_ptr<TF_Status, DeleteStatus>;

inline void SetInvalid(TF_Status* status, const char* operation, const std::string& reason) {
  TF_SetStatus(status, TF_INVALID_ARGUMENT, (operation + (": " + reason)).c_str());
}

// The product, or the largest number instead of one that is larger yet, which nothing can have as many numbers as.
inline int64_t CountOf(std::initializer_list<int64_t> sides) {
  int64_t count = 1;
  for (const int64_t side : sides) {
    if (__builtin_mul_overflow(count, side, &count)) return std::numeric_limits<int64_t>::max();
  }
  return count;
}

// As many threads as TensorFlow computes with, of which one calls.
Team& TheTeam();

// What a node of the graph says. What is missing or not demanded so is said to TensorFlow by Finish.
class AttributeReader {
 public:
  AttributeReader(TF_OpKernelConstruction* construction, const char* operation)
      : construction_(construction), operation_(operation) {}

  void Read(const char* name, int32_t& number) {
    if (good()) TF_OpKernelConstruction_GetAttrInt32(construction_, name, &number, status_.get());
  }
  void Read(const char* name, bool& flag) {
    TF_Bool read = 0;
    if (good()) TF_OpKernelConstruction_GetAttrBool(construction_, name, &read, status_.get());
    flag = read != 0;
  }
  template <int kCount>
  void Read(const char* name, int32_t (&numbers)[kCount]) {
    int32_t length = 0, bytes = 0;
    if (good()) TF_OpKernelConstruction_GetAttrSize(construction_, name, &length, &bytes, status_.get());
    if (good()) TF_OpKernelConstruction_GetAttrInt32List(construction_, name, numbers, kCount, status_.get());
    if (good()) Demand(length == kCount, name, "has another number of sides");
  }

  void Demand(bool is_so, const char* name, const char* otherwise) {
    if (good() && !is_so) SetInvalid(status_.get(), operation_, std::string(name) + ' ' + otherwise);
  }

  // A summand is there or not.
  void DemandSummands(int32_t summands) { Demand(summands == 0 || summands == 1, "summands", "is neither 0 nor 1"); }

  // Returns whether all is well; otherwise there will be no such node.
  bool Finish() {
    if (!good()) TF_OpKernelConstruction_Failure(construction_, status_.get());
    return good();
  }

 private:
  bool good() const { return TF_GetCode(status_.get()) == TF_OK; }

  TF_OpKernelConstruction* const construction_;
  const char* const operation_;
  const Status status_{TF_NewStatus()};
};

// One run of a node. What does not fit is said in its status, for Fail.
class NodeRun {
 public:
  NodeRun(TF_OpKernelContext* context, const char* operation) : context_(context), operation_(operation) {}

  // The first is a feature map.
  bool ReadInputs(int count) {
    for (int number = 0; number < count; number++) {
      TF_Tensor* tensor = nullptr;
      TF_GetInput(context_, number, &tensor, status_.get());
      inputs_[number].reset(tensor);
      if (TF_GetCode(status_.get()) != TF_OK) return false;
    }
    return DemandMap(0);
  }

  bool DemandMap(int input) {
    const TF_Tensor* tensor = inputs_[input].get();
    if (TF_NumDims(tensor) != 4) return Refuse("input " + std::to_string(input) + " needs four dimensions");
    return DemandSide(TF_Dim(tensor, 0)) && DemandSide(TF_Dim(tensor, 1)) && DemandSide(TF_Dim(tensor, 2)) &&
           DemandSide(TF_Dim(tensor, 3));
  }

  bool DemandSide(int64_t side) {
    return side <= kLargestSide || Refuse("a side of " + std::to_string(side) + " is too large");
  }

  bool Demand(int input, int64_t numbers) {
    const int64_t given = TF_TensorElementCount(inputs_[input].get());
    if (given == numbers) return true;
    return Refuse("input " + std::to_string(input) + " has " + std::to_string(given) + " numbers instead of " +
                  std::to_string(numbers));
  }

  bool Refuse(const std::string& reason) {
    SetInvalid(status_.get(), operation_, reason);
    return false;
  }

  // Where there is no memory for the computation itself.
  void FailForMemory() {
    TF_SetStatus(status_.get(), TF_RESOURCE_EXHAUSTED, operation_);
    Fail();
  }

  void Fail() { TF_OpKernelContext_Failure(context_, status_.get()); }

  int Side(int input, int dimension) const { return static_cast<int>(TF_Dim(inputs_[input].get(), dimension)); }

  template <class Number>
  const Number* Data(int input) const {
    return static_cast<const Number*>(TF_TensorData(inputs_[input].get()));
  }

  // The output, of the first input's type; null where there is no memory.
  void* AllocateOutput(const int64_t (&shape)[4], int64_t number_bytes) {
    const int64_t bytes = CountOf({shape[0], shape[1], shape[2], shape[3], number_bytes});
    const TF_DataType type = TF_TensorType(inputs_[0].get());
    if (bytes == std::numeric_limits<int64_t>::max()) return Refuse("the output is too large"), nullptr;
    output_.reset(TF_AllocateOutput(context_, 0, type, shape, 4, static_cast<size_t>(bytes), status_.get()));
    return TF_GetCode(status_.get()) == TF_OK ? TF_TensorData(output_.get()) : nullptr;
  }

 private:
  static constexpr int kMostInputs = 5;
  // Sides, padded, are held as int.
  static constexpr int64_t kLargestSide = std::numeric_limits<int>::max() - kChannelStep;

  TF_OpKernelContext* const context_;
  const char* const operation_;
  const Status status_{TF_NewStatus()};
  Tensor inputs_[kMostInputs];
  Tensor output_;
};

// Only a run knows it.
inline void InferShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

// Each registers an operation and the kernels of it that this CPU has, if all went well so far.
void RegisterSeparable(TF_Status* status);
void RegisterDense(TF_Status* status);

// Registers what notes when a graph's layers begin, if all went well so far.
void RegisterStamp(TF_Status* status);

// The moments, in milliseconds, that runs of it noted since the last call.
std::vector<double> TakeStamps();

}  // namespace convolutions
