// When each layer of a graph begins, as an operation of TensorFlow's: the service measures with it which kernels are
// fastest here.
//
// XceptionStamp(input) -> output, the same tensor. The moments of all runs since they were last taken are kept in the
// order of the runs.
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>
#include "node.h"

namespace convolutions {
namespace {

constexpr char kOperation[] = "XceptionStamp";

struct Stamps {
  std::mutex taking;
  std::vector<double> milliseconds;
};

Stamps& TheStamps() {
  static Stamps* const stamps = new Stamps;
  return *stamps;
}

void Compute(void*, TF_OpKernelContext* context) {
  const Status status(TF_NewStatus());
  TF_Tensor* input = nullptr;
  TF_GetInput(context, 0, &input, status.get());
  const Tensor tensor(input);
  if (TF_GetCode(status.get()) == TF_OK) TF_SetOutput(context, 0, input, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return TF_OpKernelContext_Failure(context, status.get());
  Stamps& stamps = TheStamps();
  const std::lock_guard<std::mutex> lock(stamps.taking);
  const std::chrono::duration<double, std::milli> now = std::chrono::steady_clock::now().time_since_epoch();
  stamps.milliseconds.push_back(now.count());
}

}  // namespace

std::vector<double> TakeStamps() {
  Stamps& stamps = TheStamps();
  const std::lock_guard<std::mutex> lock(stamps.taking);
  return std::exchange(stamps.milliseconds, {});
}

void RegisterStamp(TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) return;
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(kOperation);
  TF_OpDefinitionBuilderAddInput(definition, "input: T");
  TF_OpDefinitionBuilderAddOutput(definition, "output: T");
  TF_OpDefinitionBuilderAddAttr(definition, "T: {float, bfloat16}");
  TF_OpDefinitionBuilderSetIsStateful(definition, true);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, &InferShape);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_RegisterKernelBuilder(kOperation, TF_NewKernelBuilder(kOperation, "CPU", nullptr, &Compute, nullptr), status);
}

}  // namespace convolutions
