// The kernels as an operation of TensorFlow's, through its C interface: loading this addon after TensorFlow registers it.
//
// XceptionSeparableConvolution(input [images, height, width, channels], depthwise, pointwise, bias, summand: none or one)
//   -> [images, height, width, filters]
// The weights are laid out as kernels.h says; the pointwise ones are of the input's type or int8.
#include <node_api.h>
#include <cstdlib>
#include <string>
#include "convolve.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace separable {
namespace {

constexpr char kOperation[] = "XceptionSeparableConvolution";

// As many threads as TensorFlow computes with, of which one calls.
Team& TheTeam() {
  static Team* const team = [] {
    const char* threads = std::getenv("TF_NUM_INTRAOP_THREADS");
    return new Team(std::max(1, threads == nullptr ? 1 : std::atoi(threads)));
  }();
  return *team;
}

struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using Tensor = std::unique_ptr<TF_Tensor, DeleteTensor>;

struct DeleteStatus {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
using Status = std::unique_ptr<TF_Status, DeleteStatus>;

// What a node of the graph says.
struct Attributes {
  int32_t filters;
  int32_t summands;
  TF_Bool relu_input;
  TF_Bool relu_output;
};

void* Create(TF_OpKernelConstruction* construction) {
  const Status status(TF_NewStatus());
  auto attributes = std::make_unique<Attributes>();
  TF_OpKernelConstruction_GetAttrInt32(construction, "filters", &attributes->filters, status.get());
  if (TF_GetCode(status.get()) == TF_OK) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "summands", &attributes->summands, status.get());
  }
  if (TF_GetCode(status.get()) == TF_OK) {
    TF_OpKernelConstruction_GetAttrBool(construction, "relu_input", &attributes->relu_input, status.get());
  }
  if (TF_GetCode(status.get()) == TF_OK) {
    TF_OpKernelConstruction_GetAttrBool(construction, "relu_output", &attributes->relu_output, status.get());
  }
  if (TF_GetCode(status.get()) != TF_OK) TF_OpKernelConstruction_Failure(construction, status.get());
  return attributes.release();
}

void Delete(void* attributes) { delete static_cast<Attributes*>(attributes); }

// One run of one node. What does not fit is said in `status`.
template <class Number, class Weight>
class Run {
 public:
  Run(TF_OpKernelContext* context, const Attributes& attributes) : context_(context), attributes_(attributes) {}

  void Compute() {
    if (!ReadInputs()) return Fail();
    const int64_t channels = TF_Dim(inputs_[0].get(), 3), filters = attributes_.filters;
    const int64_t images = TF_Dim(inputs_[0].get(), 0), height = TF_Dim(inputs_[0].get(), 1), width = TF_Dim(inputs_[0].get(), 2);
    const int64_t positions = images * height * width;
    const int64_t padded = RoundUp(filters, kPanelFilters);
    constexpr int quantized = kIsQuantized<Weight>;
    if (!Demand(1, (kWindow + quantized) * RoundUp(channels, kChannelStep)) ||
        !Demand(2, padded * RoundUp(channels, kDepth<Weight>)) || !Demand(3, (1 + quantized) * padded) || (attributes_.summands > 0 && !Demand(4, positions * filters))) return Fail();
    const int64_t shape[4] = {images, height, width, filters};
    const TF_DataType type = TF_TensorType(inputs_[0].get());
    const Tensor output(TF_AllocateOutput(context_, 0, type, shape, 4, positions * filters * sizeof(Number), status_.get()));
    if (TF_GetCode(status_.get()) != TF_OK) return Fail();
    Convolution convolution;
    convolution.height = static_cast<int>(height);
    convolution.width = static_cast<int>(width);
    convolution.channels = static_cast<int>(channels);
    convolution.filters = static_cast<int>(filters);
    convolution.relu_input = attributes_.relu_input != 0;
    convolution.relu_output = attributes_.relu_output != 0;
    convolution.input = Data(0);
    convolution.depthwise = static_cast<const float*>(Data(1));
    convolution.pointwise = Data(2);
    convolution.bias = static_cast<const float*>(Data(3));
    convolution.summand = attributes_.summands > 0 ? Data(4) : nullptr;
    convolution.output = TF_TensorData(output.get());
    Convolve(*ChooseKernel<Number, Weight>(), convolution, positions, TheTeam());
  }

 private:
  static constexpr int kMostInputs = 5;

  bool ReadInputs() {
    for (int number = 0; number < 4 + attributes_.summands; number++) {
      TF_Tensor* tensor = nullptr;
      TF_GetInput(context_, number, &tensor, status_.get());
      inputs_[number].reset(tensor);
      if (TF_GetCode(status_.get()) != TF_OK) return false;
    }
    if (TF_NumDims(inputs_[0].get()) == 4 && attributes_.filters > 0) return true;
    return Refuse("the input needs four dimensions and the output a filter");
  }

  bool Demand(int input, int64_t numbers) {
    const int64_t given = TF_TensorElementCount(inputs_[input].get());
    if (given == numbers) return true;
    return Refuse("input " + std::to_string(input) + " has " + std::to_string(given) + " numbers instead of " + std::to_string(numbers));
  }

  bool Refuse(const std::string& reason) {
    TF_SetStatus(status_.get(), TF_INVALID_ARGUMENT, (kOperation + (": " + reason)).c_str());
    return false;
  }

  void Fail() { TF_OpKernelContext_Failure(context_, status_.get()); }

  const void* Data(int input) { return TF_TensorData(inputs_[input].get()); }

  TF_OpKernelContext* const context_;
  const Attributes& attributes_;
  const Status status_{TF_NewStatus()};
  Tensor inputs_[kMostInputs];
};

template <class Number, class Weight>
void Compute(void* attributes, TF_OpKernelContext* context) {
  Run<Number, Weight>(context, *static_cast<const Attributes*>(attributes)).Compute();
}

// Only a run knows it.
void InferShape(TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); }

void RegisterOperation(TF_Status* status) {
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(kOperation);
  TF_OpDefinitionBuilderAddInput(builder, "input: T");
  TF_OpDefinitionBuilderAddInput(builder, "depthwise: float");
  TF_OpDefinitionBuilderAddInput(builder, "pointwise: W");
  TF_OpDefinitionBuilderAddInput(builder, "bias: float");
  TF_OpDefinitionBuilderAddInput(builder, "summand: summands * T");
  TF_OpDefinitionBuilderAddOutput(builder, "output: T");
  TF_OpDefinitionBuilderAddAttr(builder, "T: {float, bfloat16}");
  TF_OpDefinitionBuilderAddAttr(builder, "W: {float, bfloat16, int8}");
  TF_OpDefinitionBuilderAddAttr(builder, "filters: int >= 1");
  TF_OpDefinitionBuilderAddAttr(builder, "summands: int >= 0");
  TF_OpDefinitionBuilderAddAttr(builder, "relu_input: bool");
  TF_OpDefinitionBuilderAddAttr(builder, "relu_output: bool");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, &InferShape);
  TF_RegisterOpDefinition(builder, status);
}

// Only for CPUs that have a kernel: elsewhere TensorFlow refuses a graph with the operation, whatever the service believes.
template <class Number, class Weight>
void RegisterKernel(TF_DataType type, TF_DataType weight_type, TF_Status* status) {
  if (ChooseKernel<Number, Weight>() == nullptr || TF_GetCode(status) != TF_OK) return;
  TF_KernelBuilder* builder = TF_NewKernelBuilder(kOperation, "CPU", &Create, &Compute<Number, Weight>, &Delete);
  TF_KernelBuilder_TypeConstraint(builder, "T", type, status);
  if (TF_GetCode(status) == TF_OK) TF_KernelBuilder_TypeConstraint(builder, "W", weight_type, status);
  const std::string name = std::string(kOperation) + std::to_string(type) + '_' + std::to_string(weight_type);
  TF_RegisterKernelBuilder(name.c_str(), builder, status);
}

template <class Number, class Weight>
bool Export(napi_env env, napi_value exports, const char* type) {
  const Kernel* kernel = ChooseKernel<Number, Weight>();
  if (kernel == nullptr) return true;
  napi_value name;
  return napi_create_string_utf8(env, kernel->name, NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_set_named_property(env, exports, type, name) == napi_ok;
}

}  // namespace
}  // namespace separable

// Exports the name of the kernel for each type that has one.
NAPI_MODULE_INIT() {
  const separable::Status status(TF_NewStatus());
  separable::RegisterOperation(status.get());
  separable::RegisterKernel<float, float>(TF_FLOAT, TF_FLOAT, status.get());
  separable::RegisterKernel<float, int8_t>(TF_FLOAT, TF_INT8, status.get());
  separable::RegisterKernel<separable::bfloat16, separable::bfloat16>(TF_BFLOAT16, TF_BFLOAT16, status.get());
  separable::RegisterKernel<separable::bfloat16, int8_t>(TF_BFLOAT16, TF_INT8, status.get());
  if (TF_GetCode(status.get()) != TF_OK) {
    napi_throw_error(env, nullptr, TF_Message(status.get()));
  } else if (!separable::Export<float, float>(env, exports, "float32") || !separable::Export<float, int8_t>(env, exports, "int8") ||
             !separable::Export<separable::bfloat16, separable::bfloat16>(env, exports, "bfloat16")) {
    napi_throw_error(env, nullptr, "the addon of the separable convolution cannot be set up");
  }
  return exports;
}
