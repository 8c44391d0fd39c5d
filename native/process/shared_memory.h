// Memory that this process shares with one that it starts, and the sockets that the two wake each other by.
//
// sharedMemory makes memory of so many bytes, which cost nothing before they are written to, and gives
// { descriptor, memory }: what the other process inherits, and an ArrayBuffer of all of it. mapMemory gives that other
// process an ArrayBuffer of it, to read alone, and closes the descriptor. Both give undefined where the system has no
// such memory. unmapMemory leaves the ArrayBuffer with no byte, and gives the memory back once the other process is
// gone, too. socketPair gives the descriptors of two stream sockets that are connected, which no process inherits
// unless it is told to, or the system's number of what went wrong. sendBytes and receiveBytes write and read as many
// bytes as go at once, wait where the descriptor does, and give how many they were, or less than 0: the system's
// number, negated. They are Node's writeSync and readSync without what these do for any kind of file, which takes
// several times as long as the system does where a computation has left nothing in the CPU's caches.
#ifndef XCEPTION_PROCESS_SHARED_MEMORY_H_
#define XCEPTION_PROCESS_SHARED_MEMORY_H_

#include <fcntl.h>
#include <node_api.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <string>

namespace shared_memory {

// A descriptor of memory that has no name any more, or -1.
inline int Open() {
#ifdef __linux__
  return memfd_create("xception", MFD_CLOEXEC | MFD_ALLOW_SEALING);
#else
  // Others have shared memory by names, of which 31 characters count. One that is taken is somebody else's.
  static unsigned number = 0;
  for (int tries = 0; tries < 100; tries++) {
    const std::string name = "/xception-" + std::to_string(getpid()) + "-" + std::to_string(number++);
    const int descriptor = shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    if (descriptor < 0 && errno == EEXIST) continue;
    if (descriptor >= 0) shm_unlink(name.c_str());
    return descriptor;
  }
  return -1;
#endif
}

// From now on nobody makes it shorter, which would end whoever uses it, and who maps it may only read.
inline void Seal(int descriptor) {
#if defined(__linux__) && defined(F_SEAL_FUTURE_WRITE)
  // Where the kernel is too old for it, the other process still maps it to read alone.
  (void)fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
#else
  (void)descriptor;
#endif
}

inline void Unmap(napi_env, void* data, void* bytes) {
  munmap(data, static_cast<size_t>(reinterpret_cast<uintptr_t>(bytes)));
}

// Null where the system refuses.
inline napi_value Map(napi_env env, int descriptor, int64_t bytes, int protection) {
  const size_t size = static_cast<size_t>(bytes);
  void* data = mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED) return nullptr;
  napi_value buffer;
  void* hint = reinterpret_cast<void*>(static_cast<uintptr_t>(size));
  if (napi_create_external_arraybuffer(env, data, size, Unmap, hint, &buffer) == napi_ok) return buffer;
  munmap(data, size);
  return nullptr;
}

inline napi_value SharedMemory(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int64_t bytes = 0;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok ||
      napi_get_value_int64(env, argument, &bytes) != napi_ok || bytes <= 0) {
    return nullptr;
  }
  const int descriptor = Open();
  if (descriptor < 0) return nullptr;
  napi_value memory = ftruncate(descriptor, bytes) == 0 ? Map(env, descriptor, bytes, PROT_READ | PROT_WRITE) : nullptr;
  napi_value result;
  napi_value number;
  if (memory == nullptr || napi_create_object(env, &result) != napi_ok ||
      napi_create_int32(env, descriptor, &number) != napi_ok ||
      napi_set_named_property(env, result, "descriptor", number) != napi_ok ||
      napi_set_named_property(env, result, "memory", memory) != napi_ok) {
    close(descriptor);
    return nullptr;
  }
  Seal(descriptor);
  return result;
}

inline napi_value MapMemory(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  int32_t descriptor = -1;
  int64_t bytes = 0;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok ||
      napi_get_value_int32(env, arguments[0], &descriptor) != napi_ok ||
      napi_get_value_int64(env, arguments[1], &bytes) != napi_ok || bytes <= 0) {
    return nullptr;
  }
  napi_value memory = Map(env, descriptor, bytes, PROT_READ);
  close(descriptor);
  return memory;
}

inline napi_value UnmapMemory(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value memory;
  if (napi_get_cb_info(env, info, &count, &memory, nullptr, nullptr) == napi_ok) napi_detach_arraybuffer(env, memory);
  return nullptr;
}

// Has `call` write or read the bytes of a typed array.
template <typename Call>
napi_value Transfer(napi_env env, napi_callback_info info, Call call) {
  size_t count = 2;
  napi_value arguments[2];
  napi_value result = nullptr;
  int32_t descriptor = -1;
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok ||
      napi_get_value_int32(env, arguments[0], &descriptor) != napi_ok ||
      napi_get_typedarray_info(env, arguments[1], nullptr, &length, &data, nullptr, nullptr) != napi_ok) {
    return nullptr;
  }
  ssize_t bytes = -1;
  do {
    bytes = call(descriptor, data, length);
  } while (bytes < 0 && errno == EINTR);
  napi_create_double(env, static_cast<double>(bytes < 0 ? -errno : bytes), &result);
  return result;
}

inline napi_value SendBytes(napi_env env, napi_callback_info info) {
  return Transfer(env, info,
                  [](int descriptor, const void* data, size_t length) { return write(descriptor, data, length); });
}

inline napi_value ReceiveBytes(napi_env env, napi_callback_info info) {
  return Transfer(env, info, [](int descriptor, void* data, size_t length) { return read(descriptor, data, length); });
}

inline int Pair(int descriptors[2]) {
#ifdef SOCK_CLOEXEC
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors) == 0 ? 0 : errno;
#else
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, descriptors) != 0) return errno;
  for (int index = 0; index < 2; index++) fcntl(descriptors[index], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

inline napi_value SocketPair(napi_env env, napi_callback_info) {
  int descriptors[2];
  napi_value result = nullptr;
  const int problem = Pair(descriptors);
  if (problem != 0) {
    napi_create_int32(env, problem, &result);
    return result;
  }
  napi_create_array_with_length(env, 2, &result);
  for (uint32_t index = 0; index < 2; index++) {
    napi_value number;
    if (napi_create_int32(env, descriptors[index], &number) == napi_ok) napi_set_element(env, result, index, number);
  }
  return result;
}

}  // namespace shared_memory

#endif  // XCEPTION_PROCESS_SHARED_MEMORY_H_
