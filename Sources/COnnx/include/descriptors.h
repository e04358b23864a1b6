#ifndef LAPIDARY_DESCRIPTORS_H
#define LAPIDARY_DESCRIPTORS_H

#include <protobuf-c/protobuf-c.h>

/// Describes `ModelProto`.
const ProtobufCMessageDescriptor *lapidary_model_descriptor(void);

/// Describes `TensorProto`.
const ProtobufCMessageDescriptor *lapidary_tensor_descriptor(void);

#endif
