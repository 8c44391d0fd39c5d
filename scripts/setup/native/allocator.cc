// Three calls that Node lacks.
//
// releaseFreeMemory gives memory that was freed back to the system.
// Loading a model makes and frees copies of its weights: glibc keeps what lies below anything that is still in use, for the
// full-size network 0.6 GB that nobody will ask for again.
// endNow ends the process with an exit code and waits for nothing: Node's own exit waits for its threads, and one that
// hangs in a native call cannot be ended.
// endWithParent has the system kill this process when the one that started it is gone, whatever this one is doing then.
// Linux only: elsewhere nothing happens.
#include <node_api.h>
#include <unistd.h>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

static napi_value ReleaseFreeMemory(napi_env, napi_callback_info) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return nullptr;
}

static napi_value EndNow(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int32_t code = 1;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) == napi_ok) napi_get_value_int32(env, argument, &code);
  _exit(code);
}

static napi_value EndWithParent(napi_env, napi_callback_info) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  return nullptr;
}

static bool Export(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok &&
      napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  if (!Export(env, exports, "releaseFreeMemory", ReleaseFreeMemory) || !Export(env, exports, "endNow", EndNow) ||
      !Export(env, exports, "endWithParent", EndWithParent)) {
    napi_throw_error(env, nullptr, "the allocator addon cannot be set up");
  }
  return exports;
}
