// Gives memory that was freed back to the system.
//
// Loading a model makes and frees copies of its weights: glibc keeps what lies below anything that is still in use, for the
// full-size network 0.6 GB that nobody will ask for again.
#include <node_api.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static napi_value ReleaseFreeMemory(napi_env, napi_callback_info) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return nullptr;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "releaseFreeMemory", NAPI_AUTO_LENGTH, ReleaseFreeMemory, nullptr, &function) != napi_ok ||
      napi_set_named_property(env, exports, "releaseFreeMemory", function) != napi_ok) {
    napi_throw_error(env, nullptr, "the allocator addon cannot be set up");
  }
  return exports;
}
