#include "scan.h"

enum wire_type { VARINT, FIXED64, LENGTH_PREFIXED, START_GROUP, END_GROUP, FIXED32 };

/// A message that the scan is inside of. Fields that are not known are skipped as bytes.
struct level {
  const ProtobufCMessageDescriptor *descriptor;
  size_t end;
};

/// Reads a varint at `*position`. Returns 0 when it runs past `end` or has more than ten bytes.
static int read_varint(const uint8_t *bytes, size_t *position, size_t end, uint64_t *value) {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (*position >= end) return 0;
    uint8_t byte = bytes[(*position)++];
    result |= (uint64_t)(byte & 0x7f) << (shift & 63);
    if (byte < 0x80) {
      *value = result;
      return 1;
    }
  }
  return 0;
}

static enum wire_type wire_type_of(ProtobufCType type) {
  switch (type) {
  case PROTOBUF_C_TYPE_SFIXED32:
  case PROTOBUF_C_TYPE_FIXED32:
  case PROTOBUF_C_TYPE_FLOAT: return FIXED32;
  case PROTOBUF_C_TYPE_SFIXED64:
  case PROTOBUF_C_TYPE_FIXED64:
  case PROTOBUF_C_TYPE_DOUBLE: return FIXED64;
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_BYTES:
  case PROTOBUF_C_TYPE_MESSAGE: return LENGTH_PREFIXED;
  default: return VARINT;
  }
}

/// Whether packed elements fill `bytes` exactly.
static int packed_is_whole(enum wire_type element, const uint8_t *bytes, size_t count) {
  if (element == FIXED32) return count % 4 == 0;
  if (element == FIXED64) return count % 8 == 0;
  unsigned run = 0;
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] < 0x80) run = 0;
    else if (++run == 10) return 0;
  }
  return run == 0;
}

size_t lapidary_scan_message_limit(size_t count) { return count / 4 + (1 << 18); }

lapidary_scan_result lapidary_scan(
    const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t count) {
  struct level levels[LAPIDARY_SCAN_DEPTH];
  size_t depth = 1, position = 0, messages = 0;
  levels[0] = (struct level){descriptor, count};

  while (depth > 0) {
    const struct level level = levels[depth - 1];
    if (position == level.end) {
      depth--;
      continue;
    }
    lapidary_scan_result result = {.offset = position, .message = level.descriptor->name};
#define FAIL(reason) return (result.code = LAPIDARY_SCAN_##reason, result)

    uint64_t tag;
    const size_t start = position;
    if (!read_varint(bytes, &position, level.end, &tag)) {
      if (position < level.end || position - start >= 10) FAIL(TAG);
      result.needed = position - start + 1;
      result.available = position - start;
      FAIL(TRUNCATED);
    }
    const unsigned wire_type = tag & 7;
    if (tag > UINT32_MAX || tag >> 3 == 0) FAIL(TAG);
    result.number = (uint32_t)(tag >> 3);
    result.wire_type = wire_type;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(level.descriptor, result.number);
    if (field) result.field = field->name;
    if (wire_type == START_GROUP || wire_type == END_GROUP) FAIL(GROUP);
    if (wire_type > FIXED32) FAIL(TAG);

    enum wire_type expected = wire_type;
    int packed = 0;
    if (field) {
      expected = wire_type_of(field->type);
      packed = wire_type == LENGTH_PREFIXED && expected != LENGTH_PREFIXED &&
               field->label == PROTOBUF_C_LABEL_REPEATED;
      if (wire_type != expected && !packed) {
        result.expected_wire_type = expected;
        FAIL(WIRE_TYPE);
      }
    }

    uint64_t size;
    switch (wire_type) {
    case VARINT: {
      const size_t first = position;
      if (!read_varint(bytes, &position, level.end, &size)) {
        if (position - first >= 10) FAIL(VARINT);
        result.needed = position - first + 1;
        result.available = position - first;
        FAIL(TRUNCATED);
      }
      continue;
    }
    case FIXED32: size = 4; break;
    case FIXED64: size = 8; break;
    default: {
      const size_t first = position;
      if (!read_varint(bytes, &position, level.end, &size)) {
        if (position - first >= 10) FAIL(VARINT);
        result.needed = position - first + 1;
        result.available = position - first;
        FAIL(TRUNCATED);
      }
    }
    }
    if (size > level.end - position) {
      result.needed = size;
      result.available = level.end - position;
      FAIL(TRUNCATED);
    }
    if (field && field->type == PROTOBUF_C_TYPE_MESSAGE) {
      if (depth == LAPIDARY_SCAN_DEPTH) FAIL(DEPTH_LIMIT);
      if (++messages > lapidary_scan_message_limit(count)) FAIL(COUNT_LIMIT);
      levels[depth++] = (struct level){field->descriptor, position + (size_t)size};
      continue;
    }
    if (packed && !packed_is_whole(expected, bytes + position, (size_t)size)) FAIL(VARINT);
    position += (size_t)size;
#undef FAIL
  }
  return (lapidary_scan_result){.code = LAPIDARY_SCAN_OK};
}
