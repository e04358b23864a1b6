package import IR

/// Which operator on quantized tensors computes the same as dequantizing, this one and quantizing.
package protocol IntegerFacet {
  /// The form; nil for operators that have none. Nil by default.
  func integerForm(opset: Int) -> IntegerForm?

  /// The form that leaves its result in float: dequantizing and this operator without quantizing.
  /// Nil by default.
  func unroundedForm(opset: Int) -> IntegerForm?
}

extension IntegerFacet {
  package func integerForm(opset: Int) -> IntegerForm? { nil }
  package func unroundedForm(opset: Int) -> IntegerForm? { nil }
}

/// An operator on quantized tensors.
package struct IntegerForm: Sendable {
  /// How it takes operands, scales and zero-points.
  package enum Layout: Sendable {
    /// Each operand with its scale and zero-point, then those of the result.
    case resultLast
    /// Those of the result, then each operand with its own.
    case resultFirst
    /// As `resultLast`, with a bias of int32 behind.
    case biasLast
    /// As `resultLast`, with a bias of int32, or none, before the result's.
    case biasBeforeResult
    /// The operands, their scales, their zero-points, and nothing of the result.
    case parametersBehind
  }

  /// The operator.
  package let op: OperatorName
  package let layout: Layout
  /// Attributes beside the node's own.
  package let attributes: [Attribute]

  package init(_ op: OperatorName, _ layout: Layout, attributes: [Attribute] = []) {
    self.op = op
    self.layout = layout
    self.attributes = attributes
  }
}
