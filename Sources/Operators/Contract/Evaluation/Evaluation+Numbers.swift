package import IR
private import Kernels

/// Elements as doubles, for operators whose arithmetic is small beside the rest of a model.
extension Evaluation {
  /// The elements of an input of numbers or bools; empty when it is left out. Integers beyond 2⁵³
  /// are rounded.
  package func numbers(_ index: Int) throws(ModelError) -> [Double] {
    guard optional(index) != nil else { return [] }
    let source = try source(index)
    var values = [Double](repeating: 0, count: source.count)
    let converted = values.withUnsafeMutableBytes {
      convert(source, into: Target(.double, source.shape, $0))
    }
    guard converted else { throw unsupportedTypes([index]) }
    return values
  }

  /// The only element of an input of numbers, nil when the input is left out.
  package func number(_ index: Int) throws(ModelError) -> Double? {
    guard let view = optional(index) else { return nil }
    guard view.count == 1, let value = try numbers(index).first else {
      throw mismatch(index, expected: "one element", found: "shape \(view.shape)")
    }
    return value
  }

  /// The only element of an input of integers, nil when the input is left out.
  package func integer(_ index: Int) throws(ModelError) -> Int? {
    guard let values = try integers(index) else { return nil }
    guard values.count == 1 else {
      throw mismatch(index, expected: "one integer", found: "\(values.count)")
    }
    return values[0]
  }

  /// Writes an output from doubles, rounded or cut to the element type, the 16-bit floating-point
  /// types included.
  package func write(
    _ values: [Double], output index: Int = 0, _ elementType: ElementType, _ shape: [Int]
  ) throws(ModelError) {
    guard values.count == checkedProduct(shape) else {
      throw ModelError(
        .invalid,
        "\(label), output \(index): expected \(values.count) elements, found shape \(shape)")
    }
    let format = HalfFormat(elementType)
    guard let scalar = Scalar(format == nil ? elementType : .float) else {
      throw ModelError(
        .unsupported, "\(label), output \(index): element type \(elementType) is not supported")
    }
    let bytes = try bytes(output: index, elementType, shape)
    values.withUnsafeBytes { from in
      let source = Source(.double, shape, from)
      guard let format else {
        _ = convert(source, into: Target(scalar, shape, bytes))
        return
      }
      withUnsafeTemporaryAllocation(byteCount: max(4, 4 * values.count), alignment: 64) { floats in
        let floats = UnsafeMutableRawBufferPointer(rebasing: floats[..<(4 * values.count)])
        _ = convert(source, into: Target(.float, shape, floats))
        narrow(Source(.float, shape, UnsafeRawBufferPointer(floats)), to: format, into: bytes)
      }
    }
  }

  /// The number of elements of a tensor that is computed as doubles; an error when these would take
  /// more than 2 GB, as only a malformed model asks for.
  package func numberCount(_ shape: [Int]) throws(ModelError) -> Int {
    guard let count = checkedProduct(shape), count <= 1 << 28 else {
      throw ModelError(
        .limit, "\(label): expected at most 268435456 elements, found shape \(shape)")
    }
    return count
  }

  /// Checks what an operator asks of an input.
  package func require(
    _ holds: Bool, _ index: Int, _ expected: @autoclosure () -> String
  ) throws(ModelError) {
    guard !holds else { return }
    let found = optional(index).map { "\(TensorType($0.elementType, $0.shape))" } ?? "none"
    throw mismatch(index, expected: expected(), found: found)
  }
}

extension NodeView {
  /// An attribute that names an element type, nil when it is absent.
  package func elementType(_ name: String) throws(ModelError) -> ElementType? {
    guard has(name) else { return nil }
    let code = try int(name)
    guard let raw = Int32(exactly: code), raw > 0 else {
      throw mismatch(name, expected: "the number of an element type", found: "\(code)")
    }
    return ElementType(rawValue: raw)
  }

  /// A string attribute that is one of the cases of an enumeration.
  package func choice<T: RawRepresentable & CaseIterable>(
    _ name: String, default fallback: T
  ) throws(ModelError) -> T where T.RawValue == String {
    let text = try string(name, default: fallback.rawValue)
    guard let value = T(rawValue: text) else {
      let names = T.allCases.map { "'\($0.rawValue)'" }
      throw mismatch(name, expected: names.joined(separator: " or "), found: "'\(text)'")
    }
    return value
  }
}
