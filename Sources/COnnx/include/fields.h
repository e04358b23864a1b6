#ifndef LAPIDARY_FIELDS_H
#define LAPIDARY_FIELDS_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/// Describes `ModelProto`.
const ProtobufCMessageDescriptor *lapidary_model_descriptor(void);

/// Describes `TensorProto`.
const ProtobufCMessageDescriptor *lapidary_tensor_descriptor(void);

/// The numbers of the known fields that are present in a message, as a set of bits. Numbers of 64
/// and more are not reported; ONNX has none.
uint64_t lapidary_present_fields(const ProtobufCMessage *message);

/// The bytes that one known field of a message takes when encoded, 0 when it is absent.
size_t lapidary_field_size(const ProtobufCMessage *message, uint32_t number);

/// Encodes one known field, tag included, to `out`, which has room for its size. Sub-messages keep
/// the presence of their fields and the fields not known here.
void lapidary_field_pack(const ProtobufCMessage *message, uint32_t number, uint8_t *out);

#endif
