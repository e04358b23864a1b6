#ifndef LAPIDARY_SCAN_H
#define LAPIDARY_SCAN_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/// What a scan found to be wrong.
typedef enum {
  LAPIDARY_SCAN_OK,
  /// A field needs more bytes than are left in its message.
  LAPIDARY_SCAN_TRUNCATED,
  /// A tag with field number 0 or a wire type that protobuf does not have, or an overlong tag.
  LAPIDARY_SCAN_TAG,
  /// A varint of more than ten bytes, or packed elements that end within one.
  LAPIDARY_SCAN_VARINT,
  /// A known field with another wire type than its declared type has.
  LAPIDARY_SCAN_WIRE_TYPE,
  /// A group, which protobuf has long abandoned.
  LAPIDARY_SCAN_GROUP,
  /// Messages nested more deeply than `LAPIDARY_SCAN_DEPTH`.
  LAPIDARY_SCAN_DEPTH_LIMIT,
  /// More messages than `lapidary_scan_message_limit` allows.
  LAPIDARY_SCAN_COUNT_LIMIT,
} lapidary_scan_code;

/// Levels of messages that a file may nest, the outermost included.
enum { LAPIDARY_SCAN_DEPTH = 128 };

/// The outcome of a scan. Beyond `code`, the members are for messages to the user.
typedef struct {
  lapidary_scan_code code;
  /// Where the offending field begins.
  size_t offset;
  /// The type of the message that holds it.
  const char *message;
  /// Its name, or NULL when its number is not known.
  const char *field;
  /// Its number, 0 when even that could not be read.
  uint32_t number;
  /// With `LAPIDARY_SCAN_TRUNCATED`: bytes asked for and bytes left.
  uint64_t needed, available;
  /// With `LAPIDARY_SCAN_WIRE_TYPE`: the wire types.
  uint32_t expected_wire_type, wire_type;
} lapidary_scan_result;

/// The number of messages that `count` bytes may hold. A message becomes some hundreds of bytes in
/// memory, but can be two in a file: without a limit, a small file would fill the memory.
size_t lapidary_scan_message_limit(size_t count);

/// Checks the framing of a serialized message and of all messages in it: tags, wire types, lengths,
/// the depth of nesting and the number of messages. Takes time linear in the number of fields and
/// constant memory, and does not look at payloads, so that readers may walk any bytes that pass.
lapidary_scan_result lapidary_scan(
    const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t count);

#endif
