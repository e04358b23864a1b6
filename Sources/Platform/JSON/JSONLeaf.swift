/// Types whose values are single values of JSON.
protocol JSONLeaf {
  /// The value that a document says; nil where it says none of the type.
  init?(leaf: JSONTree)
  /// The value in a document; nil where JSON has none.
  var leaf: JSONTree? { get }
}

extension Bool: JSONLeaf {
  init?(leaf: JSONTree) {
    guard case .bool(let value) = leaf else { return nil }
    self = value
  }

  var leaf: JSONTree? { .bool(self) }
}

extension String: JSONLeaf {
  init?(leaf: JSONTree) {
    guard case .string(let value) = leaf else { return nil }
    self = value
  }

  var leaf: JSONTree? { .string(self) }
}

extension JSONLeaf where Self: FixedWidthInteger {
  init?(leaf: JSONTree) {
    guard case .number(let digits) = leaf else { return nil }
    if let value = Self(digits) {
      self = value
    } else if let number = Double(digits), let value = Self(exactly: number) {
      // 1.0 and 1e3 are whole numbers too; -0 is the 0 of types without sign.
      self = value
    } else {
      return nil
    }
  }

  var leaf: JSONTree? { .number(String(self)) }
}

extension JSONLeaf where Self: BinaryFloatingPoint & LosslessStringConvertible {
  init?(leaf: JSONTree) {
    guard case .number(let digits) = leaf, let value = Self(digits), value.isFinite else {
      return nil
    }
    self = value
  }

  /// The shortest digits that say the value, without a `.0`.
  var leaf: JSONTree? {
    guard isFinite else { return nil }
    let digits = description
    return .number(digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits)
  }
}

extension Int: JSONLeaf {}
extension Int8: JSONLeaf {}
extension Int16: JSONLeaf {}
extension Int32: JSONLeaf {}
extension Int64: JSONLeaf {}
extension UInt: JSONLeaf {}
extension UInt8: JSONLeaf {}
extension UInt16: JSONLeaf {}
extension UInt32: JSONLeaf {}
extension UInt64: JSONLeaf {}
extension Float: JSONLeaf {}
extension Double: JSONLeaf {}
