package import IR
import Kernels

/// The largest element over all spatial positions
/// (https://onnx.ai/onnx/operators/onnx__GlobalMaxPool.html).
package struct GlobalMaxPool: GlobalPool {
  package static let schema = Schema(
    "GlobalMaxPool", opsets: 1...28,
    signature: """
      1: (T) -> T; T: floats
      22: T + bfloat16
      """)
  package static let traits = Traits(isHomogeneous: true)

  package var computation: Computation? { .pool(PoolForm(.maximum, window: nil)) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let window = try window(context)
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, try outputShape(context))
    guard maxPool(window, planes: x.shape[0] * x.shape[1], x, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }
}

extension GlobalMaxPool {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      let rank = try call.shape(0).rank
      return [
        try call.cotangent(0).shared(
          among: call.input(0).isBelow(call.output(0)).negated, axes: Array(2..<max(2, rank)))
      ]
    }
  }
}
