package import IR
import Kernels

/// Element types that most operators do not take themselves: before an operator runs, its 16-bit
/// floats are widened to floats and its elements of less than a byte to bytes; afterwards results
/// are narrowed to the types that inference gives them.
extension Operator {
  /// The element type in which the operator takes operands of a type.
  package static func operandType(_ type: ElementType) -> ElementType {
    if HalfFormat(type) != nil { return traits.widensHalf ? .float : type }
    guard !traits.readsPackedElements else { return type }
    return type.carrier ?? type
  }

  /// The types of the results that the operator gives for operands of the given types; those that
  /// are not known as undefined.
  package func resultTypes(
    _ operands: [TensorType?], label: String, count: Int
  ) -> [ElementType] {
    let inputs = Inputs(label: label, operands.map { $0.map { Operand(name: "", type: $0) } })
    let inferred = (try? infer(inputs)) ?? []
    return (0..<count).map { inferred[safe: $0]?.type.elementType ?? .undefined }
  }
}

extension ElementType {
  /// The type whose bytes carry elements of less than a byte; nil for other types.
  fileprivate var carrier: ElementType? {
    switch self {
    case .int4, .int2: .int8
    case .uint4, .uint2, .float4e2m1, .float6e2m3, .float6e3m2: .uint8
    default: nil
    }
  }

  /// The type that a result gets which an operator computed as this one, where inference says
  /// `inferred`.
  package func narrowed(to inferred: ElementType) -> ElementType {
    if HalfFormat(inferred) != nil { return self == .float ? inferred : self }
    return inferred.carrier == self ? inferred : self
  }
}

/// Widens elements to the type in which an operator takes them, or narrows them back. Both types
/// must stand in that relation.
package func adapt(
  _ x: UnsafeRawBufferPointer, _ from: ElementType, into y: UnsafeMutableRawBufferPointer,
  _ to: ElementType, count: Int
) {
  guard let source = NumberFormat(carrying: from), let target = NumberFormat(carrying: to) else {
    return
  }
  _ = convert(x, source, into: y, target, count: count)
}

extension NumberFormat {
  /// As `init`, but small floats of less than a byte are codes, which widening keeps.
  fileprivate init?(carrying type: ElementType) {
    self.init(type)
    if case .packedFloat(let kind) = self { self = .packed(bits: kind.bits, signed: false) }
  }
}
