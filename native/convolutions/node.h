// What the operations share: a node of TensorFlow's graph, through TensorFlow's C interface.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
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

// As many threads as TensorFlow computes with, of which one calls.
Team& TheTeam();

// What a node of the graph says. Fails the construction where something is missing.
class AttributeReader {
 public:
  explicit AttributeReader(TF_OpKernelConstruction* construction) : construction_(construction) {}
  ~AttributeReader() {
    if (!good()) TF_OpKernelConstruction_Failure(construction_, status_.get());
  }

  void Read(const char* name, int32_t& number) {
    if (good()) TF_OpKernelConstruction_GetAttrInt32(construction_, name, &number, status_.get());
  }
  void Read(const char* name, bool& flag) {
    TF_Bool read = 0;
    if (good()) TF_OpKernelConstruction_GetAttrBool(construction_, name, &read, status_.get());
    flag = read != 0;
  }
  void Read(const char* name, int32_t (&sides)[2]) {
    if (good()) TF_OpKernelConstruction_GetAttrInt32List(construction_, name, sides, 2, status_.get());
  }

 private:
  bool good() const { return TF_GetCode(status_.get()) == TF_OK; }

  TF_OpKernelConstruction* const construction_;
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
    return TF_NumDims(inputs_[input].get()) == 4 || Refuse("input " + std::to_string(input) + " needs four dimensions");
  }

  bool Demand(int input, int64_t numbers) {
    const int64_t given = TF_TensorElementCount(inputs_[input].get());
    if (given == numbers) return true;
    return Refuse("input " + std::to_string(input) + " has " + std::to_string(given) + " numbers instead of " + std::to_string(numbers));
  }

  bool Refuse(const std::string& reason) {
    TF_SetStatus(status_.get(), TF_INVALID_ARGUMENT, (operation_ + (": " + reason)).c_str());
    return false;
  }

  void Fail() { TF_OpKernelContext_Failure(context_, status_.get()); }

  int Side(int input, int dimension) const { return static_cast<int>(TF_Dim(inputs_[input].get(), dimension)); }

  template <class Number>
  const Number* Data(int input) const { return static_cast<const Number*>(TF_TensorData(inputs_[input].get())); }

  // Of the first input's type; null where there is no memory.
  void* AllocateOutput(const int64_t (&shape)[4], int64_t number_bytes) {
    const int64_t bytes = shape[0] * shape[1] * shape[2] * shape[3] * number_bytes;
    output_.reset(TF_AllocateOutput(context_, 0, TF_TensorType(inputs_[0].get()), shape, 4, bytes, status_.get()));
    return TF_GetCode(status_.get()) == TF_OK ? TF_TensorData(output_.get()) : nullptr;
  }

 private:
  static constexpr int kMostInputs = 5;

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

void RegisterDense(TF_Status* status);

}  // namespace convolutions
