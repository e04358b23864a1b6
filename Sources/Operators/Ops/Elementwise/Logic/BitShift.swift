package import IR
private import Kernels

/// Shifts the bits of integers; to the right the sign is copied (https://onnx.ai/onnx/operators/onnx__BitShift.html).
package struct BitShift: Operator {
  package static let schema = Schema(
    "BitShift", opsets: 11...28,
    signature: """
      11: (T, T) -> T; <direction: string!>; T: unsigned
      28: T + signed
      """)
  private let direction: Direction

  private enum Direction: String, CaseIterable {
    case left = "LEFT"
    case right = "RIGHT"
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    _ = try node.string("direction")
    direction = try node.choice("direction", default: .left)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), try inputs.broadcast([0, 1]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let a = try context.source(0), b = try context.source(1)
    let y = try context.output(0, context.input(0).elementType, context.broadcast([0, 1]))
    guard bitShift(left: direction == .left, a, by: b, into: y) else {
      throw context.unsupportedTypes([0, 1])
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0)), (1, inputs.shape(1))], outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "its operands are integers")
  }
}

extension BitShift {
  package var gradient: Gradient { .zero }
}
