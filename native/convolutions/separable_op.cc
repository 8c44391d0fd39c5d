// Separable convolutions as an operation of TensorFlow's.
//
// XceptionSeparableConvolution(input [images, height, width, channels], depthwise, pointwise, bias, summand: none or
// one)
//   -> [images, height, width, filters]
// The weights are laid out as kernels.h says; the pointwise ones are of the input's type or int8.
#include <string>
#include "convolve.h"
#include "node.h"

namespace convolutions {
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
  AttributeReader reader(construction, kOperation);
  reader.Read("filters", attributes->filters);
  reader.Read("summands", attributes->summands);
  reader.Read("relu_input", attributes->relu_input);
  reader.Read("relu_output", attributes->relu_output);
  reader.DemandSummands(attributes->summands);
  return reader.Finish() ? attributes.release() : nullptr;
}

void Delete(void* attributes) { delete static_cast<Attributes*>(attributes); }

template <class Number, class Weight>
void Compute(void* node, TF_OpKernelContext* context) {
  const Attributes& attributes = *static_cast<const Attributes*>(node);
  NodeRun run(context, kOperation);
  if (!run.ReadInputs(4 + attributes.summands)) return run.Fail();
  const int64_t channels = run.Side(0, 3), filters = attributes.filters;
  const int64_t shape[4] = {run.Side(0, 0), run.Side(0, 1), run.Side(0, 2), filters};
  const int64_t positions = CountOf({shape[0], shape[1], shape[2]});
  const int64_t padded = RoundUp(filters, kPanelFilters);
  constexpr int quantized = kIsQuantized<Weight>;
  const bool fits = run.Demand(1, (kWindow + quantized) * RoundUp(channels, kChannelStep)) &&
                    run.Demand(2, padded * RoundUp(channels, kDepth<Weight>)) &&
                    run.Demand(3, (1 + quantized) * padded) &&
                    (attributes.summands == 0 || run.Demand(4, CountOf({positions, filters})));
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
  if (!Convolve(*ChooseKernel<Number, Weight>(), convolution, positions, TheTeam())) run.FailForMemory();
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

// Only for CPUs that have a kernel: elsewhere TensorFlow refuses a graph with the operation, whatever the service
// believes.
template <class Number, class Weight>
void RegisterKernel(TF_DataType type, TF_DataType weight_type, TF_Status* status) {
  if (ChooseKernel<Number, Weight>() == nullptr || TF_GetCode(status) != TF_OK) return;
  TF_KernelBuilder* builder = TF_NewKernelBuilder(kOperation, "CPU", &Create, &Compute<Number, Weight>, &Delete);
  TF_KernelBuilder_TypeConstraint(builder, "T", type, status);
  if (TF_GetCode(status) == TF_OK) TF_KernelBuilder_TypeConstraint(builder, "W", weight_type, status);
  const std::string name = std::string(kOperation) + std::to_string(type) + '_' + std::to_string(weight_type);
  TF_RegisterKernelBuilder(name.c_str(), builder, status);
}

}  // namespace

void RegisterSeparable(TF_Status* status) {
  if (TF_GetCode(status) == TF_OK) RegisterOperation(status);
  RegisterKernel<float, float>(TF_FLOAT, TF_FLOAT, status);
  RegisterKernel<float, int8_t>(TF_FLOAT, TF_INT8, status);
  RegisterKernel<bfloat16, bfloat16>(TF_BFLOAT16, TF_BFLOAT16, status);
  RegisterKernel<bfloat16, int8_t>(TF_BFLOAT16, TF_INT8, status);
}

}  // namespace convolutions
