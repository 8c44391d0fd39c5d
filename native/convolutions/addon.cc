// The kernels as operations of TensorFlow's, through its C interface: loading this addon after TensorFlow registers
// them. use(weights, name) names the kernel that is used from now on for weights of float32, bfloat16 or int8; it
// throws where no such kernel runs on this CPU. takeStamps() gives the moments, in milliseconds, at which the layers of
// graphs with stamps began since it was last called.
#include <node_api.h>
#include <chrono>
#include <cstdlib>
#include <string>
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

std::string TextOf(napi_env env, napi_value value) {
  char text[64] = {};
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, text, sizeof text, &length) != napi_ok) return "";
  return text;
}

napi_value Use(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return nullptr;
  const std::string weights = TextOf(env, arguments[0]), name = TextOf(env, arguments[1]);
  if (!UseKernel(weights, name)) {
    napi_throw_error(env, nullptr, ("no kernel " + name + " for " + weights + " runs on this CPU").c_str());
  }
  return nullptr;
}

napi_value Take(napi_env env, napi_callback_info) {
  napi_value moments = nullptr;
  if (napi_create_array(env, &moments) != napi_ok) return nullptr;
  uint32_t count = 0;
  for (const double moment : TakeStamps()) {
    napi_value number;
    if (napi_create_double(env, moment, &number) == napi_ok) napi_set_element(env, moments, count++, number);
  }
  return moments;
}

bool Export(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
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
  convolutions::RegisterStamp(status.get());
  if (TF_GetCode(status.get()) != TF_OK) {
    napi_throw_error(env, nullptr, TF_Message(status.get()));
  } else if (!convolutions::Export(env, exports, "use", convolutions::Use) ||
             !convolutions::Export(env, exports, "takeStamps", convolutions::Take)) {
    napi_throw_error(env, nullptr, "the addon of convolutions cannot be set up");
  }
  return exports;
}
