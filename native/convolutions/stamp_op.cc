// When each layer of a graph begins, as an operation of TensorFlow's: the service measures with it which kernels are
// fastest here.
//
// XceptionStamp(input) -> output, the same tensor. The moments of all runs since they were last taken are kept in the
// order of the runs.
#include <time.h>
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

// With one thread, the process's own time: what others take of the CPU counts against nobody then. With more, what
// counts is how they work together.
double Now() {
  timespec now = {};
  clock_gettime(TheTeam().threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
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
  stamps.milliseconds.push_back(Now());
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
