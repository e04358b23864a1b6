internal import COnnx
internal import IR

/// A look at the framing of a file before anything in it is decoded.
enum Framing {
  /// The kinds of files that hold one message.
  enum Kind: String {
    case model = "an ONNX model"
    case tensor = "an ONNX tensor"

    fileprivate var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
      switch self {
      case .model: lapidary_model_descriptor()
      case .tensor: lapidary_tensor_descriptor()
      }
    }
  }

  /// Checks that bytes are a message of a kind with sound messages in it, not nested too deeply and
  /// not too many. Payloads are not looked at.
  static func check(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) throws(ModelError) {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count > 0 else {
      throw ModelError(.file, "expected \(kind.rawValue), found an empty file")
    }
    let result = lapidary_scan(kind.descriptor, start, bytes.count)
    guard result.code == LAPIDARY_SCAN_OK else { throw error(result, bytes, kind) }
  }

  /// Why bytes are not what they should be, by their looks where those say more than the scan does.
  static func notEven(_ kind: Kind, _ bytes: UnsafeRawBufferPointer) -> ModelError? {
    let start = bytes.prefix(512)
    if start.starts(with: "version https://git-lfs".utf8) {
      return ModelError(
        .malformed, "expected \(kind.rawValue), found a Git LFS pointer",
        hint: "fetch the file itself with `git lfs pull`")
    }
    let isText = start.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    return isText ? ModelError(.malformed, "expected \(kind.rawValue), found a text file") : nil
  }

  private static func error(
    _ result: lapidary_scan_result, _ bytes: UnsafeRawBufferPointer, _ kind: Kind
  ) -> ModelError {
    if let error = notEven(kind, bytes) { return error }
    let message = String(cString: result.message).replacing(prefix: "onnx.")
    let field =
      result.field.map { "field '\(String(cString: $0))'" }
      ?? (result.number > 0 ? "field \(result.number)" : "a field")
    let place = "\(field) of \(message) at byte \(result.offset)"
    func malformed(_ found: String) -> ModelError {
      ModelError(.malformed, "expected \(kind.rawValue), found \(found)")
    }
    switch result.code {
    case LAPIDARY_SCAN_TRUNCATED:
      return malformed(
        "one cut short: \(place) needs \(result.needed) bytes, \(result.available) are left")
    case LAPIDARY_SCAN_DEPTH_LIMIT:
      return ModelError(
        .limit,
        "expected at most \(LAPIDARY_SCAN_DEPTH) levels of messages, found more at \(place)")
    case LAPIDARY_SCAN_COUNT_LIMIT:
      return ModelError(
        .limit,
        "expected at most \(lapidary_scan_message_limit(bytes.count)) messages in \(bytes.count)"
          + " bytes, found more at \(place)")
    case LAPIDARY_SCAN_WIRE_TYPE where result.offset > 0:
      return malformed(
        "\(place) with wire type \(result.wire_type) in place of \(result.expected_wire_type)")
    case LAPIDARY_SCAN_GROUP where result.offset > 0: return malformed("a group in \(place)")
    case LAPIDARY_SCAN_VARINT: return malformed("an overlong or unfinished number in \(place)")
    case _ where result.offset > 0:
      return malformed("bytes that are no field of \(message) at byte \(result.offset)")
    default: return malformed("a file of another kind")
    }
  }
}

extension String {
  /// The text without `prefix`, where it has it.
  fileprivate func replacing(prefix: String) -> String {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
  }
}
