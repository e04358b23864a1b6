package import IR
private import Kernels

/// The cotangent of a pool's data from that of its result, input 0. Input 1 is the data itself.
/// Attributes are those of the pool, which is one of the largest or of the mean.
package struct PooledBack: InnerOperator {
  package static let schema = Schema(
    "PooledBack", domain: Inner.domain, opsets: 1...1, inputs: 2...2)
  private let pool: any Pool
  private let kind: PoolGradient

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    let subject = try node.innerSubject(inputs: [true])
    switch subject {
    case let max as MaxPool: (pool, kind) = (max, .maximum)
    case let mean as AveragePool:
      (pool, kind) = (mean, .mean(includesPadding: mean.includesPadding))
    default:
      throw node.mismatch("of", expected: "a pool", found: "another operator")
    }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(1))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let g = try context.source(0), x = try context.source(1)
    let window = try pool.window(
      Evaluation(label: context.label, inputs: [context.input(1)], outputs: []) {
        (_, _, shape) throws(ModelError) in
        throw ModelError(.unsupported, "no output of shape \(shape) is computed here")
      })
    guard g.shape == x.shape.prefix(2) + window.output else {
      throw context.mismatch(
        0, expected: "spatial shape \(window.output)", found: "shape \(g.shape)")
    }
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard poolGradient(kind, window, g, x, into: y) else { throw context.unsupportedTypes([0, 1]) }
  }
}
