// Three calls that Node lacks.
//
// releaseFreeMemory gives memory that was freed back to the system, and unmaps TensorFlow's code until it is used again.
// Loading a model makes and frees copies of its weights: glibc keeps what lies below anything that is still in use.
// Loading TensorFlow touches its code everywhere, and Linux maps what lies around: 0.3 GB, of which a run needs 0.06.
// endNow ends the process with an exit code and waits for nothing: Node's own exit waits for its threads, and one that
// hangs in a native call cannot be ended.
// endWithParent has the system kill this process when the one that started it is gone, whatever this one is doing then.
// Linux only: elsewhere nothing happens.
#include <node_api.h>
#include <unistd.h>
#include <cstdint>
#include <cstring>
#ifdef __linux__
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef __linux__
// Of a library of TensorFlow's: the segments that nobody can have written to, which stay in the system's cache of files.
static int UnmapCode(dl_phdr_info* library, size_t, void*) {
  if (std::strstr(library->dlpi_name, "libtensorflow") == nullptr) return 0;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int index = 0; index < library->dlpi_phnum; index++) {
    const ElfW(Phdr)& segment = library->dlpi_phdr[index];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    // A page that it shares with another segment stays.
    const uintptr_t begin = (library->dlpi_addr + segment.p_vaddr + page - 1) & ~(page - 1);
    const uintptr_t end = (library->dlpi_addr + segment.p_vaddr + segment.p_filesz) & ~(page - 1);
    // What is refused stays mapped.
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}
#endif

static napi_value ReleaseFreeMemory(napi_env, napi_callback_info) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
#ifdef __linux__
  dl_iterate_phdr(UnmapCode, nullptr);
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
