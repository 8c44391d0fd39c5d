// Calls that Node lacks.
//
// releaseFreeMemory gives memory that was freed back to the system, and unmaps TensorFlow's code until it is used
// again. Loading a model makes and frees copies of its weights: glibc keeps what lies below anything that is still in
// use. Loading TensorFlow touches its code everywhere, and Linux maps what lies around: 0.3 GB, of which a run needs
// 0.06. endNow ends the process with an exit code and waits for nothing: Node's own exit waits for its threads, and one
// that hangs in a native call cannot be ended. sendDatagram sends a text to a socket of this machine for datagrams, of
// which Node knows none, and gives 0 or the system's number of what went wrong; it never waits. Of an address that
// begins with "@", the abstract one is meant. kernelRows says which of native/convolutions/'s kernels this CPU can run,
// of those for the same numbers first the one that is taken where nothing was measured: [{ name: 'avx512', maps:
// 'float32', weights: 'float32' }, ...]. hasBfloat16 says whether the CPU computes in bfloat16. endWithParent has the
// system kill this process when the one that started it is gone, whatever this one is doing then. Linux only: elsewhere
// nothing happens, and no datagram can be sent. What this process shares with those that it starts: shared_memory.h.
#include <node_api.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include "../convolutions/kernel_table.h"
#include "shared_memory.h"
#ifdef __linux__
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef __linux__
// Gives back the segments of TensorFlow's libraries that nobody can have written to, which stay in the system's cache
// of files.
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
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) == napi_ok) {
    napi_get_value_int32(env, argument, &code);
  }
  _exit(code);
}

static napi_value EndWithParent(napi_env, napi_callback_info) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  return nullptr;
}

static std::string TextOf(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return "";
  std::string text(length + 1, '\0');
  napi_get_value_string_utf8(env, value, &text[0], text.size(), &length);
  text.resize(length);
  return text;
}

static int Send(const std::string& name, const std::string& message) {
#ifdef __linux__
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (name.empty() || name.size() >= sizeof(address.sun_path)) return EINVAL;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  // An abstract one has no end but its length.
  const socklen_t length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0 : 1));
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return errno;
  const ssize_t sent = sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), length);
  const int problem = sent < 0 ? errno : 0;
  close(descriptor);
  return problem;
#else
  return ENOSYS;
#endif
}

static napi_value SendDatagram(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_value result = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return nullptr;
  napi_create_int32(env, Send(TextOf(env, arguments[0]), TextOf(env, arguments[1])), &result);
  return result;
}

static bool NameProperty(napi_env env, napi_value object, const char* property, std::string_view name) {
  napi_value text;
  return napi_create_string_utf8(env, name.data(), name.size(), &text) == napi_ok &&
         napi_set_named_property(env, object, property, text) == napi_ok;
}

static napi_value KernelRows(napi_env env, napi_callback_info) {
  napi_value kernels = nullptr;
  if (napi_create_array(env, &kernels) != napi_ok) return nullptr;
  uint32_t count = 0;
  for (const convolutions::KernelRow& row : convolutions::kKernelRows) {
    napi_value kernel;
    if (!convolutions::Runs(row, cpu::Has) || napi_create_object(env, &kernel) != napi_ok) continue;
    const bool is_named = NameProperty(env, kernel, "name", row.name) &&
                          NameProperty(env, kernel, "maps", NameOf(row.maps)) &&
                          NameProperty(env, kernel, "weights", NameOf(row.weights));
    if (is_named) napi_set_element(env, kernels, count++, kernel);
  }
  return kernels;
}

static napi_value HasBfloat16(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_get_boolean(env, cpu::HasBfloat16(), &result);
  return result;
}

static bool Export(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  if (!Export(env, exports, "releaseFreeMemory", ReleaseFreeMemory) || !Export(env, exports, "endNow", EndNow) ||
      !Export(env, exports, "endWithParent", EndWithParent) || !Export(env, exports, "sendDatagram", SendDatagram) ||
      !Export(env, exports, "kernelRows", KernelRows) || !Export(env, exports, "hasBfloat16", HasBfloat16) ||
      !Export(env, exports, "sharedMemory", shared_memory::SharedMemory) ||
      !Export(env, exports, "mapMemory", shared_memory::MapMemory) ||
      !Export(env, exports, "unmapMemory", shared_memory::UnmapMemory) ||
      !Export(env, exports, "socketPair", shared_memory::SocketPair) ||
      !Export(env, exports, "sendBytes", shared_memory::SendBytes) ||
      !Export(env, exports, "receiveBytes", shared_memory::ReceiveBytes)) {
    napi_throw_error(env, nullptr, "the addon of the process cannot be set up");
  }
  return exports;
}
