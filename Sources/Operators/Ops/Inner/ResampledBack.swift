package import IR
private import Kernels

/// The cotangent of what was resized from that of the result, input 0. The others are the operands of
/// the operator that resized, and the attributes are its.
package struct ResampledBack: InnerOperator {
  package static let schema = Schema(
    "ResampledBack", domain: Inner.domain, opsets: 1...1, inputs: 2...Int.max)
  private let resampler: any Resampler

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    guard
      let found = try node.innerSubject(inputs: Array(node.inputs.dropFirst())) as? any Resampler
    else { throw node.mismatch("of", expected: "what resizes", found: "another operator") }
    resampler = found
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(1))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let g = try context.source(0), x = try context.input(1)
    let inner = Evaluation(
      label: context.label, inputs: Array(context.inputs.dropFirst()), outputs: [true]
    ) { (_, _, shape) throws(ModelError) in
      throw ModelError(.unsupported, "no output of shape \(shape) is computed here")
    }
    let (resizing, axes) = try resampler.plan(inner)
    guard g.shape == axes.map(\.target) else {
      throw context.mismatch(
        0, expected: "shape \(axes.map(\.target))", found: "shape \(g.shape)")
    }
    let y = try context.output(0, context.input(0).elementType, x.shape)
    let taps = resizing.combinations(axes, of: x.shape)
    guard interpolationGradient(g, taps: taps, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }
}
