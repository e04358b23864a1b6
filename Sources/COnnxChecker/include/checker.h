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

#ifdef __cplusplus
}
#endif

#endif
