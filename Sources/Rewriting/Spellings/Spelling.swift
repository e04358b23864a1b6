package import IR
package import Operators

/// One way in which exporters write an operator out in several others.
///
/// `fuse` puts the operator in their place, where the model's operator set has it; a session computes
/// it in one step. Both take what is stated here, so that what one knows the other knows.
package struct Spelling: Sendable {
  /// The operator of ONNX's own domain that is spelled. It reads the value `x` of the pattern.
  package let operatorType: String
  /// How it is spelled.
  package let pattern: Pattern
  /// The attributes that the operator gets.
  package let attributes: @Sendable (Match) -> [Attribute]
  /// The version of ONNX's operator set whose operator means what is spelled; nil for the newest.
  private let opset: @Sendable (Match) -> Int?
  /// Where every element of `x` has to lie for the spelling to give what the operator gives: beyond,
  /// an intermediate result overflows or vanishes where the operator's own does not. Nil for
  /// everywhere.
  package let range: ClosedRange<Float>?
  /// The operators that the spelling can end in.
  package let roots: Set<String>

  /// - Parameters:
  ///   - operatorType: what is spelled.
  ///   - pattern: how, from its last node upwards, with the operand bound to `x`.
  ///   - range: where the spelling holds.
  ///   - attributes: the operator's, read off a match.
  ///   - opset: the version of the operator set in which the attributes mean what they should.
  package init(
    _ operatorType: String, _ pattern: Pattern, range: ClosedRange<Float>? = nil,
    attributes: @escaping @Sendable (Match) -> [Attribute] = { _ in [] },
    opset: @escaping @Sendable (Match) -> Int? = { _ in nil }
  ) {
    self.opset = opset
    self.operatorType = operatorType
    self.pattern = pattern
    self.range = range
    self.attributes = attributes
    roots = pattern.roots ?? []
  }

  /// The first version of ONNX's operator set that has the operator; nil where none is known.
  package var firstOpset: Int? {
    Registry.opsets(of: OperatorName(operatorType)).first?.lowerBound
  }

  /// The operator itself, as the operator set that the spelling names has it, or the newest.
  package func makeOperator(_ match: Match) -> (any Operator)? {
    let name = OperatorName(operatorType)
    guard let opset = opset(match) ?? Registry.opsets(of: name).last?.upperBound else { return nil }
    let view = NodeView(
      label: operatorType, attributes: attributes(match), inputs: [true], outputs: [true])
    return (try? Registry.make(name, opset: opset, view)) ?? nil
  }
}
