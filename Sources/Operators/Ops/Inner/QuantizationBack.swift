package import IR
private import Kernels

/// The cotangents of the data and the scales of an operator that makes integers of numbers or numbers
/// of integers, in one pass. Input 0 is the cotangent of its result, the others are its own operands;
/// attributes are those of the operator.
package struct QuantizationBack: InnerOperator {
  package static let schema = Schema(
    "QuantizationBack", domain: Inner.domain, opsets: 1...1, inputs: 3...4, outputs: 1...2)
  package static let traits = quantizationTraits
  private let subject: any LinearQuantization

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let found = try node.innerSubject(inputs: Array(node.inputs.dropFirst()))
    guard let subject = found as? any LinearQuantization else {
      throw node.mismatch("of", expected: "a quantizer", found: "another operator")
    }
    self.subject = subject
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), inputs.shape(1)), Inferred(inputs.type(2))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let label = context.label
    let own = Evaluation(label: label, inputs: Array(context.inputs.dropFirst()), outputs: []) {
      (_, _, shape) throws(ModelError) in
      throw ModelError(.unsupported, "\(label): no output of shape \(shape) is computed here")
    }
    let parameters = try subject.parameters(own)
    let g = try context.source(0), x = try context.input(1)
    let data = try context.output(0, .float, x.shape)
    let scales =
      context.wants(1) ? try context.output(1, .float, context.input(2).shape) : nil
    let isDone: Bool
    if type(of: subject).quantizes {
      let type = subject.outputType(zeroPoint: context.optional(3)?.elementType)
      guard let range = subject.integerRange(type) else { throw context.unsupportedTypes([3]) }
      isDone = quantizeGradient(
        g, try context.source(1), parameters, range: range, into: data, scales: scales)
    } else {
      let codes: Scalar =
        switch NumberFormat(x.elementType) {
        case .scalar(let scalar): scalar
        case .packed(_, let signed): signed ? .int8 : .uint8
        default: throw context.unsupportedTypes([1])
        }
      let numbers = try context.numbers(1, as: codes)
      isDone = dequantizeGradient(g, numbers.source, parameters, into: data, scales: scales)
      withExtendedLifetime(numbers) {}
    }
    guard isDone else { throw context.unsupportedTypes([0, 1]) }
  }
}
