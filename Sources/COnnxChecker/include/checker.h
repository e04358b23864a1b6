#ifndef LAPIDARY_CHECKER_H
#define LAPIDARY_CHECKER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Asks libonnx whether a serialized model is valid, with strict shape inference where `full` is
/// not 0. Returns 0 when it is; otherwise 1, with libonnx's message copied to `message`, cut to
/// `capacity` bytes, the terminating zero included.
int lapidary_onnx_check(const void *bytes, size_t count, int full, char *message, size_t capacity);

/// libonnx's version, such as `1.12.0`.
const char *lapidary_onnx_version(void);

/// The newest IR version that libonnx knows.
int lapidary_onnx_ir_version(void);

/// The newest operator set of ONNX's own domain that libonnx knows.
int lapidary_onnx_opset(void);

/// Writes the names of all operators of ONNX's own domain up to an opset, a line each. Returns 0, or
/// 1 when they do not fit into `capacity` bytes.
int lapidary_onnx_operators(int opset, char *buffer, size_t capacity);

/// Writes what libonnx's registry says of an operator of ONNX's own domain at an opset. Returns 0, or
/// 1 when it knows none or the text does not fit into `capacity` bytes.
///
/// Lines are `input OPTION HOMOGENEOUS MINIMUM TYPE ALLOWED…` with options 0 (single), 1 (optional)
/// and 2 (variadic), `output …` alike, and `attribute NAME KIND REQUIRED DEFAULTED [DEFAULT]`.
int lapidary_onnx_schema(const char *type, int opset, char *buffer, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
