package import IR

/// Numbers to strings and back, for Cast and CastLike.
extension Conversion {
  /// Converts input 0, which holds strings or becomes strings.
  package func convertText(_ call: Call, to type: ElementType) throws(ModelError) -> [Datum?] {
    let x = try call.tensor(0)
    if x.elementType == type { return [.tensor(x)] }
    if type == .string {
      guard let texts = x.texts else {
        throw ModelError(
          .unsupported,
          "\(call.label): conversion from \(x.elementType) to \(type) is not supported")
      }
      return [.tensor(Tensor(strings: texts.map { Array($0.utf8) }, x.dimensions))]
    }
    let texts = try call.strings(0).texts.map { String(decoding: $0, as: UTF8.self) }
    let inputs = [try numbers(texts, x.dimensions, type, call)]
    let others = call.inputs.dropFirst().map { $0?.tensor }
    let results = try evaluateConstant(
      self, label: call.label, inputs: inputs + others, outputs: 1)
    return results?.map { .tensor($0) } ?? []
  }

  /// The strings as numbers of a type from which the wanted one follows without loss.
  private func numbers(
    _ texts: [String], _ shape: [Int], _ type: ElementType, _ call: Call
  ) throws(ModelError) -> Tensor {
    func parsed<T: BitwiseCopyable>(
      _ type: ElementType, _ parse: (String) -> T?
    ) throws(ModelError) -> Tensor {
      let values = try texts.map { (text) throws(ModelError) in
        let trimmed = text.split(separator: " ").first.map { String($0) } ?? ""
        guard let value = parse(trimmed) else {
          throw ModelError(
            .invalid, "\(call.label), input 0: expected the text of a number, found '\(text)'")
        }
        return value
      }
      return Tensor(type, shape, Storage(values))
    }
    func whole(_ text: String) -> Double? { Double(text)?.rounded(.towardZero) }
    switch type {
    case .double: return try parsed(.double) { Double($0) }
    case .uint64:
      return try parsed(.uint64) { UInt64($0) ?? whole($0).flatMap { UInt64(exactly: $0) } }
    case _ where type.isInteger || type == .bool:
      return try parsed(.int64) { Int64($0) ?? whole($0).flatMap { Int64(exactly: $0) } }
    default: return try parsed(.float) { Float($0) }
    }
  }
}

extension Tensor {
  /// The shortest decimal text of each number; nil for elements that are none.
  fileprivate var texts: [String]? {
    func text<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T) -> String {
      value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-INF" : "INF") : "\(value)"
    }
    switch elementType {
    case .bool: return integers?.map { $0 != 0 ? "True" : "False" }
    case .float: return floats?.map { text($0) }
    case .float16: return floats?.map { text(Float16($0)) }
    case .uint64:
      return storage?.withUnsafeBytes { bytes in
        (0..<bytes.count / 8).map {
          "\(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))"
        }
      }
    default: return integers?.map { "\($0)" } ?? doubles?.map { text($0) }
    }
  }
}
