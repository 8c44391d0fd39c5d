// Dense convolutions as an operation of TensorFlow's.
//
// XceptionConvolution(input [images, height, width, channels], kernel, bias, summand: none or one)
//   -> [images, height / stride, width / stride, filters]
// The kernel, of [window height, window width, channels], is laid out as the pointwise weights of kernels.h. With
// `pool_summand` the summand is a map of twice the height and width, or one less, of which max pooling of 3x3 windows,
// with padding, makes the summand; `pool_before` are the rows and columns before it that the first window has.
#include <string>
#include "convolve.h"
#include "node.h"

namespace convolutions {
namespace {

constexpr char kOperation[] = "XceptionConvolution";
// Largest side. Far more than any network has, and far from what could overflow.
constexpr int32_t kLargestWindow = 1024;

// What a node of the graph says.
struct Attributes {
  int32_t filters;
  int32_t summands;
  // Height and width.
  int32_t window[2];
  int32_t strides[2];
  // Zeros around the map: top, bottom, left, right.
  int32_t margins[4];
  bool pool_summand;
  // Rows and columns of the pooling's first window that are around the summand.
  int32_t pool_before[2];
  bool relu_output;
};

void* Create(TF_OpKernelConstruction* construction) {
  auto attributes = std::make_unique<Attributes>();
  AttributeReader reader(construction, kOperation);
  reader.Read("filters", attributes->filters);
  reader.Read("summands", attributes->summands);
  reader.Read("window", attributes->window);
  reader.Read("strides", attributes->strides);
  reader.Read("margins", attributes->margins);
  reader.Read("pool_summand", attributes->pool_summand);
  reader.Read("pool_before", attributes->pool_before);
  reader.Read("relu_output", attributes->relu_output);
  reader.DemandSummands(attributes->summands);
  for (const int32_t side : attributes->window) {
    reader.Demand(side >= 1 && side <= kLargestWindow, "window", "has a side that is not 1 to 1024");
  }
  for (const int32_t stride : attributes->strides) {
    reader.Demand(stride >= 1, "strides", "has one that is not positive");
  }
  for (const int32_t margin : attributes->margins) {
    reader.Demand(margin >= 0 && margin <= kLargestWindow, "margins", "has one that is not 0 to 1024");
  }
  for (const int32_t before : attributes->pool_before) {
    reader.Demand(before >= 0 && before <= 1, "pool_before", "has one that is not 0 or 1");
  }
  return reader.Finish() ? attributes.release() : nullptr;
}

void Delete(void* attributes) { delete static_cast<Attributes*>(attributes); }

// How many windows there are along one side of the map, with the zeros around it.
int64_t WindowsOf(int64_t side, int64_t window, int64_t stride) {
  return side < window ? 0 : (side - window) / stride + 1;
}

bool IsHalf(NodeRun& run, int input, const int64_t (&shape)[4]) {
  if (!run.DemandMap(input)) return false;
  const bool is_half = run.Side(input, 0) == shape[0] && run.Side(input, 3) == shape[3] &&
                       DivideUp(run.Side(input, 1), 2) == shape[1] && DivideUp(run.Side(input, 2), 2) == shape[2];
  return is_half || run.Refuse("the summand does not become as large as the output by pooling");
}

template <class Number>
void Compute(void* node, TF_OpKernelContext* context) {
  const Attributes& attributes = *static_cast<const Attributes*>(node);
  NodeRun run(context, kOperation);
  if (!run.ReadInputs(3 + attributes.summands)) return run.Fail();
  const auto& [top, bottom, left, right] = attributes.margins;
  const int64_t height = WindowsOf(run.Side(0, 1) + top + bottom, attributes.window[0], attributes.strides[0]);
  const int64_t width = WindowsOf(run.Side(0, 2) + left + right, attributes.window[1], attributes.strides[1]);
  const int64_t patch = int64_t{attributes.window[0]} * attributes.window[1] * run.Side(0, 3);
  const int64_t padded = RoundUp(attributes.filters, kPanelFilters);
  const int64_t shape[4] = {run.Side(0, 0), height, width, attributes.filters};
  const int64_t positions = CountOf({shape[0], height, width});
  if (!run.DemandSide(patch)) return run.Fail();
  if (!run.Demand(1, padded * RoundUp(patch, kDepth<Number>)) || !run.Demand(2, padded)) return run.Fail();
  const bool is_summed = attributes.summands > 0, is_pooled = is_summed && attributes.pool_summand;
  if (is_pooled && !IsHalf(run, 3, shape)) return run.Fail();
  if (is_summed && !is_pooled && !run.Demand(3, CountOf({positions, attributes.filters}))) return run.Fail();
  void* output = run.AllocateOutput(shape, sizeof(Number));
  if (output == nullptr) return run.Fail();
  const Window window = {run.Side(0, 1),
                         run.Side(0, 2),
                         run.Side(0, 3),
                         attributes.window[0],
                         attributes.window[1],
                         attributes.strides[0],
                         attributes.strides[1],
                         top,
                         left};
  const auto& [pool_top, pool_left] = attributes.pool_before;
  const PooledMap pooled =
      is_pooled ? PooledMap{run.Data<Number>(3), run.Side(3, 1), run.Side(3, 2), pool_top, pool_left} : PooledMap{};
  Convolution convolution;
  convolution.height = static_cast<int>(height);
  convolution.width = static_cast<int>(width);
  convolution.channels = static_cast<int>(patch);
  convolution.filters = attributes.filters;
  convolution.relu_input = false;
  convolution.relu_output = attributes.relu_output;
  convolution.input = run.Data<Number>(0);
  convolution.depthwise = nullptr;
  convolution.pointwise = run.Data<Number>(1);
  convolution.bias = run.Data<float>(2);
  convolution.summand = is_summed && !is_pooled ? run.Data<Number>(3) : nullptr;
  convolution.output = output;
  convolution.window = &window;
  convolution.pooled = is_pooled ? &pooled : nullptr;
  if (!Convolve(*ChooseKernel<Number, Number>(), convolution, positions, TheTeam())) run.FailForMemory();
}

void RegisterOperation(TF_Status* status) {
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(kOperation);
  TF_OpDefinitionBuilderAddInput(builder, "input: T");
  TF_OpDefinitionBuilderAddInput(builder, "kernel: T");
  TF_OpDefinitionBuilderAddInput(builder, "bias: float");
  TF_OpDefinitionBuilderAddInput(builder, "summand: summands * T");
  TF_OpDefinitionBuilderAddOutput(builder, "output: T");
  TF_OpDefinitionBuilderAddAttr(builder, "T: {float, bfloat16}");
  TF_OpDefinitionBuilderAddAttr(builder, "filters: int >= 1");
  TF_OpDefinitionBuilderAddAttr(builder, "summands: int >= 0");
  TF_OpDefinitionBuilderAddAttr(builder, "window: list(int) >= 2");
  TF_OpDefinitionBuilderAddAttr(builder, "strides: list(int) >= 2");
  TF_OpDefinitionBuilderAddAttr(builder, "margins: list(int) >= 4");
  TF_OpDefinitionBuilderAddAttr(builder, "pool_summand: bool");
  TF_OpDefinitionBuilderAddAttr(builder, "pool_before: list(int) >= 2");
  TF_OpDefinitionBuilderAddAttr(builder, "relu_output: bool");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, &InferShape);
  TF_RegisterOpDefinition(builder, status);
}

template <class Number>
void RegisterKernel(TF_DataType type, TF_Status* status) {
  if (ChooseKernel<Number, Number>() == nullptr || TF_GetCode(status) != TF_OK) return;
  TF_KernelBuilder* builder = TF_NewKernelBuilder(kOperation, "CPU", &Create, &Compute<Number>, &Delete);
  TF_KernelBuilder_TypeConstraint(builder, "T", type, status);
  TF_RegisterKernelBuilder((kOperation + std::to_string(type)).c_str(), builder, status);
}

}  // namespace

void RegisterDense(TF_Status* status) {
  if (TF_GetCode(status) == TF_OK) RegisterOperation(status);
  RegisterKernel<float>(TF_FLOAT, status);
  RegisterKernel<bfloat16>(TF_BFLOAT16, status);
}

}  // namespace convolutions
