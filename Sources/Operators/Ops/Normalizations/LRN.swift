package import IR
import Kernels

/// Local response normalisation over neighbouring channels
/// (https://onnx.ai/onnx/operators/onnx__LRN.html).
package struct LRN: Operator {
  package static let schema = Schema(
    "LRN", opsets: 1...28,
    signature: """
      1: (T) -> T; <alpha: float = 0.0001, beta: float = 0.75, bias: float = 1, size: int!>;
        T: floats
      13: T + bfloat16
      """)

  private let size: Int
  private let alpha: Float
  private let beta: Float
  private let bias: Float

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    size = try node.int("size")
    guard size > 0 else {
      throw node.mismatch("size", expected: "a positive number", found: "\(size)")
    }
    alpha = try node.float("alpha", default: 1e-4)
    beta = try node.float("beta", default: 0.75)
    bias = try node.float("bias", default: 1)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...Int.max)
    return [Inferred(inputs.type(0))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.requireChannels()
    let x = try context.source(0)
    let y = try context.output(0, context.input(0).elementType, shape)
    guard
      localResponse(
        x, batch: shape[0], channels: shape[1], inner: shape[2...].reduce(1, *), size: size,
        alpha: Double(alpha), beta: Double(beta), bias: Double(bias), into: y)
    else { throw context.unsupportedTypes([0]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .alongside(inputs.shape(0), frozen: [1], reason: "normalised over neighbouring channels")
  }
}

extension LRN {
  package var gradient: Gradient {
    .rule { [size, alpha, beta, bias] call throws(ModelError) in
      let g = try call.cotangent(0), x = try call.input(0)
      guard let channels = try call.shape(0)[1].value else {
        throw call.unknown("the number of channels")
      }
      // Sums over neighbouring channels are those of a pool along them.
      let ends = ((size - 1) / 2, size / 2)
      func sums(_ term: Term, _ begin: Int, _ end: Int) -> Term {
        let pooled = term.reshaped([0, 1, channels, -1]).apply(
          AveragePool.self, [],
          [
            Attribute("kernel_shape", .ints([size, 1])), Attribute("count_include_pad", .int(1)),
            Attribute("pads", .ints([begin, 0, end, 0])),
          ])
        return pooled.reshaped(like: x).typed(as: x.type) * Double(size)
      }
      let rate = Double(alpha) / Double(size)
      let base = sums(x.squared, ends.0, ends.1) * rate + Double(bias)
      let power = base.power(base.number(-Double(beta)))
      let spread = sums(g * x * power / base, ends.1, ends.0)
      return [g * power - x * spread * (2 * rate * Double(beta))]
    }
  }
}
