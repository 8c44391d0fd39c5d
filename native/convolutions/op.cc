// The kernels as an operation of TensorFlow's, through its C interface: loading this addon after TensorFlow registers it.
//
// XceptionSeparableConvolution(input [images, height, width, channels], depthwise, pointwise, bias, summand: none or one)
//   -> [images, height, width, filters]
// The weights are laid out as kernels.h says; the pointwise ones are of the input's type or int8.
#include <node_api.h>
#include <cstdlib>
#include <string>
#include "convolve.h"
#include "node.h"

namespace convolutions {

Team& TheTeam() {
  static Team* const team = [] {
    const char* threads = std::getenv("TF_NUM_INTRAOP_THREADS");
    return new Team(std::max(1, threads == nullptr ? 1 : std::atoi(threads)));
  }();
  return *team;
}

namespace {

constexpr char kOperation[] = "XceptionSeparableConvolution";

// What a node of the graph says.
struct Attributes {
  int32_t filters;
  int32_t summands;
  bool relu_input;
  bool relu_output;
};

void* Create(TF_OpKernelConstruction* construction) {
  auto attributes = std::make_unique<Attributes>();
  AttributeReader reader(construction);
  reader.Read("filters", attributes->filters);
  reader.Read("summands", attributes->summands);
  reader.Read("relu_input", attributes->relu_input);
  reader.Read("relu_output", attributes->relu_output);
  return attributes.release();
}

void Delete(void* attributes) { delete static_cast<Attributes*>(attributes); }

template <class Number, class Weight>
void Compute(void* node, TF_OpKernelContext* context) {
  const Attributes& attributes = *static_cast<const Attributes*>(node);
  NodeRun run(context, kOperation);
  if (!run.ReadInputs(4 + attributes.summands)) return run.Fail();
  const int64_t channels = run.Side(0, 3), filters = attributes.filters;
  const int64_t shape[4] = {run.Side(0, 0), run.Side(0, 1), run.Side(0, 2), filters};
  const int64_t positions = shape[0] * shape[1] * shape[2];
  const int64_t padded = RoundUp(filters, kPanelFilters);
  constexpr int quantized = kIsQuantized<Weight>;
  const bool fits = run.Demand(1, (kWindow + quantized) * RoundUp(channels, kChannelStep)) &&
      run.Demand(2, padded * RoundUp(channels, kDepth<Weight>)) && run.Demand(3, (1 + quantized) * padded) &&
      (attributes.summands == 0 || run.Demand(4, positions * filters));
  if (!fits) return run.Fail();
  void* output = run.AllocateOutput(shape, sizeof(Number));
  if (output == nullptr) return run.Fail();
  Convolution convolution;
  convolution.height = static_cast<int>(shape[1]);
  convolution.width = static_cast<int>(shape[2]);
  convolution.channels = static_cast<int>(channels);
  convolution.filters = static_cast<int>(filters);
  convolution.relu_input = attributes.relu_input;
  convolution.relu_output = attributes.relu_output;
  convolution.input = run.Data<Number>(0);
  convolution.depthwise = run.Data<float>(1);
  convolution.pointwise = run.Data<Weight>(2);
  convolution.bias = run.Data<float>(3);
  convolution.summand = attributes.summands > 0 ? run.Data<Number>(4) : nullptr;
  convolution.output = output;
  Convolve(*ChooseKernel<Number, Weight>(), convolution, positions, TheTeam());
}

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
}  // namespace convolutions

// Exports the name of the kernel for each type that has one.
NAPI_MODULE_INIT() {
  const convolutions::Status status(TF_NewStatus());
  convolutions::RegisterOperation(status.get());
  convolutions::RegisterKernel<float, float>(TF_FLOAT, TF_FLOAT, status.get());
  convolutions::RegisterKernel<float, int8_t>(TF_FLOAT, TF_INT8, status.get());
  convolutions::RegisterKernel<convolutions::bfloat16, convolutions::bfloat16>(TF_BFLOAT16, TF_BFLOAT16, status.get());
  convolutions::RegisterKernel<convolutions::bfloat16, int8_t>(TF_BFLOAT16, TF_INT8, status.get());
  convolutions::RegisterDense(status.get());
  if (TF_GetCode(status.get()) != TF_OK) {
    napi_throw_error(env, nullptr, TF_Message(status.get()));
  } else if (!convolutions::Export<float, float>(env, exports, "float32") || !convolutions::Export<float, int8_t>(env, exports, "int8") ||
             !convolutions::Export<convolutions::bfloat16, convolutions::bfloat16>(env, exports, "bfloat16")) {
    napi_throw_error(env, nullptr, "the addon of the convolutions cannot be set up");
  }
  return exports;
}
