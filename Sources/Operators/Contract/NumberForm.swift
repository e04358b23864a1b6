package import IR

/// What an operator on integers that stand for numbers does to those numbers, so that a model can be
/// compared with one that computes in numbers.
package enum NumberForm: Sendable {
  /// What another operator does.
  case node(NumberNode)
  /// Nothing: output 0 stands for input 0, by a scale that is found on the way and stands in an output.
  case quantizing(scale: Int)
}

/// An operator on numbers that does what one on integers does to the numbers that these stand for.
package struct NumberNode: Sendable {
  /// An operand of the operator on numbers.
  package struct Operand: Sendable {
    /// The input that holds it.
    package var slot: Int
    /// The inputs with its scale and its zero-point; nil where it has none.
    package var scale: Int?
    package var zeroPoint: Int?
    /// The axes that scales and zero-points run along, where there are several; negative ones count
    /// from the end.
    package var axes: [Int] = []
    /// Whether the operator on numbers has the last two axes in the other order.
    package var isTransposed = false
    /// Whether its scale is the product of those of the first two operands.
    package var isSum = false

    /// Integers with scale and zero-point behind them.
    package static func quantized(_ slot: Int, axes: [Int] = []) -> Operand {
      Operand(slot: slot, scale: slot + 1, zeroPoint: slot + 2, axes: axes)
    }

    /// Numbers as they are.
    package static func plain(_ slot: Int) -> Operand { Operand(slot: slot) }

    /// A bias in units of the product of two scales.
    package static func bias(_ slot: Int) -> Operand { Operand(slot: slot, isSum: true) }
  }

  /// The operator.
  package let op: OperatorName
  /// Its operands in order.
  package let operands: [Operand]
  /// The input with the scale of the result, behind which the zero-point stands; nil where the result
  /// is no quantized one.
  package let result: Int?
  /// Attributes that the operator on numbers does not have.
  package let droppedAttributes: Set<String>
  /// Whether the result is integers that other nodes make numbers of by the scales of both factors.
  package let isUnscaled: Bool

  package init(
    _ op: OperatorName, _ operands: [Operand], result: Int? = nil,
    droppedAttributes: Set<String> = [], isUnscaled: Bool = false
  ) {
    self.op = op
    self.operands = operands
    self.result = result
    self.droppedAttributes = droppedAttributes
    self.isUnscaled = isUnscaled
  }
}

extension NumberForm {
  /// An operator of one quantized tensor: its scale and zero-point, then those of the result.
  package static func unary(
    _ op: OperatorName, droppedAttributes: Set<String> = []
  ) -> NumberForm {
    .node(
      NumberNode(op, [.quantized(0)], result: 3, droppedAttributes: droppedAttributes))
  }

  /// An operator of two quantized tensors, each with its scale and zero-point, then those of the result.
  package static func binary(_ op: OperatorName) -> NumberForm {
    .node(NumberNode(op, [.quantized(0), .quantized(3)], result: 6))
  }
}
