internal import COnnxChecker
public import IR

/// libonnx's opinion of a model: an independent second one.
public enum ONNXChecker {
  /// libonnx's version, such as `1.12.0`.
  public static var libraryVersion: String { String(cString: lapidary_onnx_version()) }

  /// What libonnx finds wrong with a serialized model, or nil when it accepts it.
  ///
  /// The installed libonnx may be older than the model's operator sets, and says so then.
  ///
  /// - Parameter full: whether to run its strict shape inference as well.
  public static func check(_ bytes: [UInt8], full: Bool) -> String? {
    bytes.withUnsafeBytes { check($0, full: full) }
  }

  /// What libonnx finds wrong with a model, or nil when it accepts it.
  public static func check(_ model: Model, full: Bool) throws(ModelError) -> String? {
    check(try ONNXFile.encode(model), full: full)
  }

  /// What libonnx says of a model.
  public enum Verdict: Equatable, Sendable {
    /// It accepts the model.
    case valid
    /// It is older than what the model is written in, so it cannot tell.
    case tooOld(String)
    /// It refuses the model, with its reason.
    case invalid(String)

    /// Whether the model is refused.
    public var refuses: Bool { if case .invalid = self { true } else { false } }

    /// The verdict in words.
    public var text: String {
      switch self {
      case .valid: "valid"
      case .tooOld(let reason): "cannot tell: \(reason)"
      case .invalid(let reason): reason
      }
    }
  }

  /// The installed libonnx's verdict, shape inference included, which says nothing about models of
  /// newer IR versions and operator sets than its own.
  public static func verdict(on model: Model) throws(ModelError) -> Verdict {
    let newest = (ir: Int(lapidary_onnx_ir_version()), opset: Int(lapidary_onnx_opset()))
    if let version = model.irVersion, version > newest.ir {
      return .tooOld(
        "the model has IR version \(version), the installed libonnx knows \(newest.ir)")
    }
    if let opset = model.opset(), opset > newest.opset {
      return .tooOld(
        "the model imports operator set \(opset), the installed libonnx knows \(newest.opset)")
    }
    return try check(model, full: true).map { .invalid($0) } ?? .valid
  }

  /// The names of the operators of ONNX's own domain that libonnx knows up to an opset.
  package static func operators(opset: Int) -> [String] {
    let text = text { lapidary_onnx_operators(Int32(opset), $0, $1) }
    return text?.split(separator: "\n").map(String.init) ?? []
  }

  /// The lines in which libonnx describes an operator at an opset (`lapidary_onnx_schema`); nil for
  /// one that it does not know there.
  package static func schema(of type: String, opset: Int) -> [String]? {
    text { lapidary_onnx_schema(type, Int32(opset), $0, $1) }?
      .split(separator: "\n").map(String.init)
  }

  private static func text(_ write: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> String? {
    var buffer = [CChar](repeating: 0, count: 1 << 16)
    guard write(&buffer, buffer.count) == 0 else { return nil }
    return String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func check(_ bytes: UnsafeRawBufferPointer, full: Bool) -> String? {
    var message = [CChar](repeating: 0, count: 1 << 16)
    let isFine =
      lapidary_onnx_check(bytes.baseAddress, bytes.count, full ? 1 : 0, &message, message.count)
      == 0
    guard !isFine else { return nil }
    return String(
      decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
