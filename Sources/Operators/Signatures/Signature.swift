package import IR

/// The operands and attributes that an operator takes at one opset, as ONNX's schema states them.
package struct Signature: Sendable, Hashable {
  /// One formal input or output.
  package struct Formal: Sendable, Hashable {
    /// The type variable that it shares with other operands; nil where it stands alone.
    package var variable: String?
    /// What it may be.
    package var types: TypeSet
    /// Whether it may be left out.
    package var isOptional = false
    /// Whether it stands for any number of operands, all of one type unless `isHeterogeneous`.
    package var isVariadic = false
    package var isHeterogeneous = false
  }

  /// One attribute.
  package struct AttributeRule: Sendable, Hashable {
    package var name: String
    /// ONNX's name of its kind in lower case: `int`, `floats`, `graph`.
    package var kind: String
    package var isRequired = false
    /// The text of the default value; nil where there is none.
    package var defaultText: String?
  }

  package var inputs: [Formal] = []
  package var outputs: [Formal] = []
  package var attributes: [AttributeRule] = []

  /// The fewest and the most inputs.
  package var inputCount: ClosedRange<Int> { Self.count(inputs) }
  /// The fewest and the most outputs.
  package var outputCount: ClosedRange<Int> { Self.count(outputs) }

  private static func count(_ formals: [Formal]) -> ClosedRange<Int> {
    let least = (formals.lastIndex { !$0.isOptional } ?? -1) + 1
    return least...(formals.last?.isVariadic == true ? .max : formals.count)
  }

  /// The formal that operand number `index` belongs to.
  package func input(_ index: Int) -> Formal? { Self.formal(inputs, index) }

  /// The formal that result number `index` belongs to.
  package func output(_ index: Int) -> Formal? { Self.formal(outputs, index) }

  private static func formal(_ formals: [Formal], _ index: Int) -> Formal? {
    if let formal = formals[safe: index] { return formal }
    return formals.last.flatMap { $0.isVariadic ? $0 : nil }
  }

  /// The values of attributes that are left out.
  package var defaults: [String: AttributeValue] {
    var result: [String: AttributeValue] = [:]
    for rule in attributes {
      guard let text = rule.defaultText else { continue }
      switch rule.kind {
      case "int": result[rule.name] = Int(text).map { .int($0) }
      case "float": result[rule.name] = Float(text).map { .float($0) }
      case "string": result[rule.name] = .string(Array(text.utf8))
      case "ints": result[rule.name] = .ints(text.split(separator: " ").compactMap { Int($0) })
      case "strings":
        result[rule.name] = .strings(text.split(separator: " ").map { Array($0.utf8) })
      default: break
      }
    }
    return result
  }
}

/// Types that an operand may have: tensors of some element types, and sequences and optionals of
/// such.
package struct TypeSet: Sendable, Hashable {
  /// Bit n stands for the element type with ONNX's number n.
  package var tensors: UInt64 = 0
  package var sequences: UInt64 = 0
  package var optionals: UInt64 = 0
  package var optionalSequences: UInt64 = 0

  /// Whether tensors of the element type are among them. What is not known is let through.
  package func contains(_ type: ElementType) -> Bool {
    guard type != .undefined, (1..<64).contains(type.rawValue) else { return true }
    return tensors >> UInt64(type.rawValue) & 1 == 1
  }

  /// Whether values of the type are among them. What is not known is let through.
  package func contains(_ type: ValueType) -> Bool {
    func element(_ type: ValueType?) -> ElementType { type?.tensor?.elementType ?? .undefined }
    func isIn(_ bits: UInt64, _ type: ElementType) -> Bool {
      guard type != .undefined, (1..<64).contains(type.rawValue) else { return bits != 0 }
      return bits >> UInt64(type.rawValue) & 1 == 1
    }
    switch type {
    case .tensor(let type): return contains(type.elementType)
    case .sequence(let inner): return isIn(sequences, element(inner))
    case .optional(.sequence(let inner)): return isIn(optionalSequences, element(inner))
    case .optional(nil): return optionals != 0 || optionalSequences != 0
    case .optional(let inner): return isIn(optionals, element(inner))
    case .sparseTensor, .map: return true
    }
  }

  package mutating func formUnion(_ other: TypeSet) {
    tensors |= other.tensors
    sequences |= other.sequences
    optionals |= other.optionals
    optionalSequences |= other.optionalSequences
  }
}

extension TypeSet: CustomStringConvertible {
  /// Each type in ONNX's words: `float16`, `seq(float16)`.
  package var words: [String] {
    func names(_ bits: UInt64) -> [String] {
      (1..<64).filter { bits >> UInt64($0) & 1 == 1 }.map { "\(ElementType(rawValue: Int32($0)))" }
    }
    return names(tensors) + names(sequences).map { "seq(\($0))" }
      + names(optionals).map { "optional(\($0))" }
      + names(optionalSequences).map { "optional(seq(\($0)))" }
  }

  /// `float16, float or double`.
  package var description: String {
    let all = words
    guard all.count > 1 else { return all.first ?? "nothing" }
    return all.dropLast().joined(separator: ", ") + " or " + all[all.count - 1]
  }
}
