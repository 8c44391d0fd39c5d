// Decodes and reduces a plain JPEG with the system's libjpeg-turbo, in one pass over its rows.
//
// reduceJpeg(file, pixels, { width, height, shrink, resizedWidth, resizedHeight, left, top, outputWidth, outputHeight,
// kernel, timeoutMs }) has libjpeg shrink the file by 1, 2, 4 or 8, as libvips does, resizes that, fills `pixels`, a
// Uint8Array of RGB, with the part that is wanted, and gives a promise of true, or of false for a file of which libjpeg
// says anything at all, a warning included, or that is not of that size, or takes longer: another decoder is to say
// what is wrong with it. Neither array may change meanwhile.
#include <node_api.h>
#include <chrono>
#include <csetjmp>
#include <cstdio>
#include <memory>
#include <new>
#include <string>

#include <jpeglib.h>

#include "reduce.h"

#ifndef LIBJPEG_TURBO_VERSION
#error "the headers are of another libjpeg than libjpeg-turbo, which gives other pixels"
#endif

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  int width, height, shrink, resized_width, resized_height, left, top, output_width, output_height, timeout_ms;
  pictures::Kernel kernel;

  // What libjpeg has beyond whole pixels is left out, as libvips does.
  int LoadedWidth() const { return width / shrink; }
  int LoadedHeight() const { return height / shrink; }
};

struct Errors {
  jpeg_error_mgr manager;
  std::jmp_buf away;
};

[[noreturn]] void GiveUp(j_common_ptr decoder) { std::longjmp(reinterpret_cast<Errors*>(decoder->err)->away, 1); }

void Warn(j_common_ptr decoder, int level) {
  if (level < 0) GiveUp(decoder);
}

bool IsAsExpected(const jpeg_decompress_struct& decoder, const Plan& plan) {
  return decoder.image_width == static_cast<JDIMENSION>(plan.width) &&
         decoder.image_height == static_cast<JDIMENSION>(plan.height) && decoder.num_components == 3 &&
         decoder.jpeg_color_space == JCS_YCbCr;
}

// Nothing that has a destructor may be made in here: libjpeg leaves it by a jump.
bool ReadRows(jpeg_decompress_struct& decoder, Errors& errors, const uint8_t* file, size_t size, const Plan& plan,
              pictures::Reducer& reducer) {
  if (setjmp(errors.away) != 0) return false;
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(plan.timeout_ms);
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, file, static_cast<unsigned long>(size));
  if (jpeg_read_header(&decoder, TRUE) != JPEG_HEADER_OK || !IsAsExpected(decoder, plan)) return false;
  if (jpeg_has_multiple_scans(&decoder)) return false;
  decoder.out_color_space = JCS_EXT_RGBX;
  decoder.scale_num = 1;
  decoder.scale_denom = static_cast<unsigned>(plan.shrink);
  jpeg_start_decompress(&decoder);
  while (decoder.output_scanline < decoder.output_height) {
    if (Clock::now() > deadline) return false;
    JSAMPROW row = reducer.NextRow();
    jpeg_read_scanlines(&decoder, &row, 1);
    reducer.Take();
  }
  jpeg_finish_decompress(&decoder);
  return true;
}

bool Reduce(const uint8_t* file, size_t size, const Plan& plan, uint8_t* pixels) {
  const pictures::Axis across(plan.kernel, plan.LoadedWidth(), plan.resized_width, plan.left, plan.output_width,
                              plan.output_width);
  const pictures::Axis down(plan.kernel, plan.LoadedHeight(), plan.resized_height, plan.top, plan.output_height,
                            pictures::kStripRows);
  pictures::Reducer reducer(plan.LoadedWidth(), plan.LoadedHeight(), across, down, pixels);
  jpeg_decompress_struct decoder = {};
  Errors errors;
  decoder.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = GiveUp;
  errors.manager.emit_message = Warn;
  const bool read = ReadRows(decoder, errors, file, size, plan, reducer);
  jpeg_destroy_decompress(&decoder);
  return read;
}

struct Work {
  Plan plan;
  const uint8_t* file;
  size_t size;
  uint8_t* pixels;
  bool read;
  napi_deferred deferred;
  napi_async_work work;
  napi_ref held[2];
};

void Execute(napi_env, void* data) {
  Work& work = *static_cast<Work*>(data);
  try {
    work.read = Reduce(work.file, work.size, work.plan, work.pixels);
  } catch (const std::bad_alloc&) {
    // Another decoder meets the same, and says so.
    work.read = false;
  }
}

void Complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Work> work(static_cast<Work*>(data));
  napi_value read;
  napi_get_boolean(env, work->read, &read);
  napi_resolve_deferred(env, work->deferred, read);
  for (napi_ref held : work->held) napi_delete_reference(env, held);
  napi_delete_async_work(env, work->work);
}

bool ReadInteger(napi_env env, napi_value plan, const char* name, int* to) {
  napi_value value;
  return napi_get_named_property(env, plan, name, &value) == napi_ok && napi_get_value_int32(env, value, to) == napi_ok;
}

bool ReadKernel(napi_env env, napi_value plan, pictures::Kernel* kernel) {
  napi_value value;
  char name[16];
  if (napi_get_named_property(env, plan, "kernel", &value) != napi_ok ||
      napi_get_value_string_utf8(env, value, name, sizeof(name), nullptr) != napi_ok) {
    return false;
  }
  const std::string text = name;
  *kernel = text == "cubic"      ? pictures::Kernel::kCubic
            : text == "lanczos3" ? pictures::Kernel::kLanczos3
                                 : pictures::Kernel::kLinear;
  return text == "linear" || *kernel != pictures::Kernel::kLinear;
}

bool IsPart(int begin, int count, int whole) {
  return begin >= 0 && count > 0 && count <= whole && begin <= whole - count;
}

bool IsReduction(int from, int to) { return to > 0 && from >= to && from < 4 * static_cast<int64_t>(to); }

bool ReadNumbers(napi_env env, napi_value value, Plan* plan) {
  return ReadInteger(env, value, "width", &plan->width) && ReadInteger(env, value, "height", &plan->height) &&
         ReadInteger(env, value, "shrink", &plan->shrink) &&
         ReadInteger(env, value, "resizedWidth", &plan->resized_width) &&
         ReadInteger(env, value, "resizedHeight", &plan->resized_height) &&
         ReadInteger(env, value, "left", &plan->left) && ReadInteger(env, value, "top", &plan->top) &&
         ReadInteger(env, value, "outputWidth", &plan->output_width) &&
         ReadInteger(env, value, "outputHeight", &plan->output_height) &&
         ReadInteger(env, value, "timeoutMs", &plan->timeout_ms);
}

bool IsSound(const Plan& plan) {
  return (plan.shrink == 1 || plan.shrink == 2 || plan.shrink == 4 || plan.shrink == 8) &&
         plan.width <= JPEG_MAX_DIMENSION && plan.height <= JPEG_MAX_DIMENSION &&
         IsReduction(plan.LoadedWidth(), plan.resized_width) && IsReduction(plan.LoadedHeight(), plan.resized_height) &&
         IsPart(plan.left, plan.output_width, plan.resized_width) &&
         IsPart(plan.top, plan.output_height, plan.resized_height);
}

bool ReadBytes(napi_env env, napi_value value, uint8_t** bytes, size_t* size) {
  napi_typedarray_type type;
  void* data;
  const napi_status status = napi_get_typedarray_info(env, value, &type, size, &data, nullptr, nullptr);
  *bytes = static_cast<uint8_t*>(data);
  return status == napi_ok && type == napi_uint8_array;
}

napi_value ReduceJpeg(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  auto work = std::make_unique<Work>();
  uint8_t* file;
  size_t pixel_bytes;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 3 ||
      !ReadBytes(env, arguments[0], &file, &work->size) || !ReadBytes(env, arguments[1], &work->pixels, &pixel_bytes) ||
      !ReadNumbers(env, arguments[2], &work->plan) || !ReadKernel(env, arguments[2], &work->plan.kernel) ||
      !IsSound(work->plan) ||
      pixel_bytes != static_cast<size_t>(work->plan.output_width) * work->plan.output_height * 3) {
    napi_throw_type_error(env, nullptr, "reduceJpeg: not a file, pixels and a plan that fit each other");
    return nullptr;
  }
  work->file = file;
  napi_value promise;
  napi_value name;
  napi_create_reference(env, arguments[0], 1, &work->held[0]);
  napi_create_reference(env, arguments[1], 1, &work->held[1]);
  napi_create_string_utf8(env, "reduceJpeg", NAPI_AUTO_LENGTH, &name);
  napi_create_promise(env, &work->deferred, &promise);
  napi_create_async_work(env, nullptr, name, Execute, Complete, work.get(), &work->work);
  napi_queue_async_work(env, work->work);
  work.release();
  return promise;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "reduceJpeg", NAPI_AUTO_LENGTH, ReduceJpeg, nullptr, &function) != napi_ok ||
      napi_set_named_property(env, exports, "reduceJpeg", function) != napi_ok) {
    return nullptr;
  }
  return exports;
}
