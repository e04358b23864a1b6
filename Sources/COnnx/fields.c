#include "fields.h"

#include <string.h>

#include "onnx.pb-c.h"

const ProtobufCMessageDescriptor *lapidary_model_descriptor(void) {
  return &onnx__model_proto__descriptor;
}

const ProtobufCMessageDescriptor *lapidary_tensor_descriptor(void) {
  return &onnx__tensor_proto__descriptor;
}

/// Room for a copy of any message's structure, without what it points to.
typedef union {
  ProtobufCMessage message;
  max_align_t alignment;
  uint8_t bytes[1024];
} message_copy;

static const void *member(const ProtobufCMessage *message, unsigned offset) {
  return (const uint8_t *)message + offset;
}

static int is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    return *(const size_t *)member(message, field->quantifier_offset) > 0;
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
    return *(const uint32_t *)member(message, field->quantifier_offset) == field->id;
  if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING) {
    const void *pointer = *(const void *const *)member(message, field->offset);
    return pointer != NULL && pointer != field->default_value;
  }
  return *(const protobuf_c_boolean *)member(message, field->quantifier_offset) != 0;
}

uint64_t lapidary_present_fields(const ProtobufCMessage *message) {
  const ProtobufCMessageDescriptor *descriptor = message->descriptor;
  uint64_t present = 0;
  for (unsigned i = 0; i < descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
    if (field->id < 64 && is_present(message, field)) present |= (uint64_t)1 << field->id;
  }
  return present;
}

static size_t size_of_member(const ProtobufCFieldDescriptor *field) {
  if (field->label == PROTOBUF_C_LABEL_REPEATED) return sizeof(void *);
  switch (field->type) {
  case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
  case PROTOBUF_C_TYPE_SINT64:
  case PROTOBUF_C_TYPE_SFIXED64:
  case PROTOBUF_C_TYPE_INT64:
  case PROTOBUF_C_TYPE_UINT64:
  case PROTOBUF_C_TYPE_FIXED64:
  case PROTOBUF_C_TYPE_DOUBLE: return 8;
  default: return 4;
  }
}

/// Makes `copy` a message with this field alone, sharing what the field points to. Returns whether
/// the field is present.
static int isolate(const ProtobufCMessage *message, uint32_t number, message_copy *copy) {
  const ProtobufCMessageDescriptor *descriptor = message->descriptor;
  const ProtobufCFieldDescriptor *field =
      protobuf_c_message_descriptor_get_field(descriptor, number);
  if (!field || descriptor->sizeof_message > sizeof *copy || !is_present(message, field)) return 0;
  protobuf_c_message_init(descriptor, copy);
  memcpy(copy->bytes + field->offset, member(message, field->offset), size_of_member(field));
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    memcpy(copy->bytes + field->quantifier_offset, member(message, field->quantifier_offset),
           sizeof(size_t));
  else if (field->quantifier_offset)
    memcpy(copy->bytes + field->quantifier_offset, member(message, field->quantifier_offset),
           sizeof(uint32_t));
  return 1;
}

size_t lapidary_field_size(const ProtobufCMessage *message, uint32_t number) {
  message_copy copy;
  return isolate(message, number, &copy) ? protobuf_c_message_get_packed_size(&copy.message) : 0;
}

void lapidary_field_pack(const ProtobufCMessage *message, uint32_t number, uint8_t *out) {
  message_copy copy;
  if (isolate(message, number, &copy)) protobuf_c_message_pack(&copy.message, out);
}
