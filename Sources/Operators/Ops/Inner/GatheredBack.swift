package import IR
private import Kernels

/// What Gather does to cotangents: input 0 is that of its result, 1 its data, of which only the shape
/// counts, 2 its indices. The slices are added where they came from.
package struct GatheredBack: InnerOperator {
  package static let schema = Schema(
    "GatheredBack", domain: Inner.domain, opsets: 1...1, inputs: 3...3)
  private let axis: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) { axis = try node.int("axis") }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(1))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let g = try context.source(0), shape = try context.input(1).shape
    let span = AxisSpan(
      shape, axis: try normalizedAxes([axis], rank: shape.count, label: context.label)[0])
    let indices = try context.requiredIntegers(2).map { $0 < 0 ? $0 + span.length : $0 }
    guard indices.allSatisfy({ $0 >= 0 && $0 < span.length }),
      g.count == span.outer * indices.count * span.inner
    else {
      throw context.mismatch(
        2, expected: "indices below \(span.length)", found: "other ones")
    }
    let y = try context.output(0, context.input(0).elementType, shape)
    let done = scatterSlices(
      g, indices, outer: span.outer, length: span.length, inner: span.inner, into: y)
    guard done else { throw context.unsupportedTypes([0]) }
  }
}
