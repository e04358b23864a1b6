package import IR
package import Kernels

/// The cotangent `g`, input 0, times the derivative of another operator's function at `x`, input 1.
package struct Slope: InnerOperator {
  package static let schema = Schema("Slope", domain: Inner.domain, opsets: 1...1, inputs: 2...2)
  /// The function whose derivative is meant.
  package let function: UnaryFunction

  package var computation: Computation? { .slope(function) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let subject = try node.innerSubject(inputs: [true])
    guard
      let function = (subject as? any UnaryElementwise)?.function ?? (subject as? Clip)?.function
    else {
      throw node.mismatch("of", expected: "a function of one element", found: "another operator")
    }
    self.function = function
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let g = try context.source(0), x = try context.source(1)
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard slope(function, g, x, into: y) else { throw context.unsupportedTypes([0, 1]) }
  }
}

extension Clip {
  /// The function where the bounds are attributes.
  fileprivate var function: UnaryFunction? {
    fixed.map { .clip(Double($0.lowerBound), Double($0.upperBound)) }
  }
}
