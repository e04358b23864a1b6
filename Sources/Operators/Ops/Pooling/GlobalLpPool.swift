package import IR
private import Kernels

/// The norm of each channel (https://onnx.ai/onnx/operators/onnx__GlobalLpPool.html).
package struct GlobalLpPool: GlobalPool {
  package static let schema = Schema(
    "GlobalLpPool", opsets: 2...28,
    signature: """
      2: (T) -> T; <p: int = 2>; T: floats
      22: T + bfloat16
      """)
  package static let traits = Traits(isHomogeneous: true)
  private let p: Int

  package init(_ node: NodeView, opset: Int) throws(ModelError) { p = try node.norm() }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let window = try window(context)
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, outputShape(context))
    guard normPool(window, planes: x.shape[0] * x.shape[1], p: p, x, into: y) else {
      throw context.unsupportedTypes([0])
    }
  }
}

extension GlobalLpPool {
  package var gradient: Gradient {
    .spelledOut { [p] call throws(ModelError) in
      let x = try call.input(0), rank = try call.shape(0).rank
      let sum = x.abs.power(x.number(Double(p))).sum(Array(2..<max(2, rank)))
      return [sum.power(x.number(1 / Double(p)))]
    }
  }
}
