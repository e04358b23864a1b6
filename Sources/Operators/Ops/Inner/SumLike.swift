package import IR
import Kernels

/// The sum of input 0 over the axes along which input 1 would be repeated to have its shape.
package struct SumLike: InnerOperator {
  package static let schema = Schema("SumLike", domain: Inner.domain, opsets: 1...1, inputs: 2...2)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.type(1))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0), shape = try context.input(1).shape
    let added = x.shape.count - shape.count
    guard added >= 0, broadcastShape(x.shape, shape) == x.shape else {
      throw context.mismatch(
        1, expected: "a shape that broadcasts to \(x.shape)", found: "\(shape)")
    }
    let axes = x.shape.indices.filter { $0 < added || shape[$0 - added] == 1 && x.shape[$0] != 1 }
    let y = try context.output(0, context.input(0).elementType, shape)
    guard !axes.isEmpty else {
      y.bytes.copyMemory(from: x.bytes)
      return
    }
    let kept = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
    guard reduce(.sum, x, axes: axes, into: Target(y.scalar, kept, y.bytes)) else {
      throw context.unsupportedTypes([0])
    }
  }
}
