// The kernels as operations of TensorFlow's, through its C interface: loading this addon after TensorFlow registers
// them. It exports nothing.
#include <node_api.h>
#include <chrono>
#include <cstdlib>
#include "node.h"

namespace convolutions {
namespace {

// Between two convolutions there is little else, the other thread may have been interrupted, and to wake a sleeping one
// takes longer than many a task, above all in a virtual machine. With 13 us an image took 3 % more.
constexpr int kPatienceMicroseconds = 500;

int NumberOf(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::max(0, std::atoi(text));
}

}  // namespace

Team& TheTeam() {
  static Team* const team =
      new Team(std::max(1, NumberOf("TF_NUM_INTRAOP_THREADS", 1)),
               // src/engine/backend.ts sets it where waiting would take CPU time from whoever works.
               std::chrono::microseconds(NumberOf("XCEPTION_PATIENCE_US", kPatienceMicroseconds)));
  return *team;
}

}  // namespace convolutions

NAPI_MODULE_INIT() {
  const convolutions::Status status(TF_NewStatus());
  convolutions::RegisterSeparable(status.get());
  convolutions::RegisterDense(status.get());
  if (TF_GetCode(status.get()) != TF_OK) napi_throw_error(env, nullptr, TF_Message(status.get()));
  return exports;
}
