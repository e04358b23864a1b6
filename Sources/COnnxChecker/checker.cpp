#include "checker.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <exception>
#include <string>

#include <google/protobuf/stubs/logging.h>

#include "onnx/checker.h"
#include "onnx/common/version.h"
#include "onnx/onnx_pb.h"
#include "onnx/shape_inference/implementation.h"

namespace {

/// Reports a failure through the C interface.
int fail(const std::string &reason, char *message, size_t capacity) {
  if (capacity > 0) {
    const size_t length = std::min(reason.size(), capacity - 1);
    std::memcpy(message, reason.data(), length);
    message[length] = '\0';
  }
  return 1;
}

}  // namespace

const char *lapidary_onnx_version(void) { return onnx::LAST_RELEASE_VERSION; }

int lapidary_onnx_check(
    const void *bytes, size_t count, int full, char *message, size_t capacity) {
  try {
    // protobuf would print to the standard error what `message` says.
    google::protobuf::SetLogHandler(nullptr);
    onnx::ModelProto model;
    if (count > INT_MAX || !model.ParseFromArray(bytes, static_cast<int>(count))) {
      return fail("the bytes cannot be parsed as a ModelProto", message, capacity);
    }
    onnx::checker::check_model(model);
    if (full) {
      const bool check_type = true;
      const int strict = 1;
      onnx::shape_inference::InferShapes(
          model, onnx::OpSchemaRegistry::Instance(),
          onnx::ShapeInferenceOptions(check_type, strict, /*data_prop=*/false));
    }
    return 0;
  } catch (const std::exception &error) {
    return fail(error.what(), message, capacity);
  } catch (...) {
    return fail("an unknown exception", message, capacity);
  }
}
