package import IR
import Kernels

/// Elements of one of two tensors as a third of bools tells, with broadcasting
/// (https://onnx.ai/onnx/operators/onnx__Where.html).
package struct Where: Operator {
  package static let schema = Schema(
    "Where", opsets: 9...28,
    signature: """
      9: (B, T, T) -> T; B: bool; T: all
      16: T + bfloat16
      """)
  package static let traits = Traits(takesStrings: true)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let shape = try inputs.broadcast([0, 1, 2])
    let data = inputs.combineData([0, 1, 2]) { operands in
      guard let condition = operands[0].value else {
        return operands[1] == operands[2] ? operands[1] : .unknown
      }
      return condition != 0 ? operands[1] : operands[2]
    }
    return [Inferred(inputs.elementType(1), shape, data: data)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let condition = try context.source(0)
    let a = try context.source(1)
    let b = try context.source(2)
    let y = try context.output(
      0, context.input(1).elementType, context.broadcast([0, 1, 2]))
    guard select(condition, a, b, into: y) else { throw context.unsupportedTypes([0, 1, 2]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: (0..<3).map { ($0, inputs.shape($0)) }, outputs: outputs)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .free(inputs: [1, 2]) }
}

extension Where {
  package var gradient: Gradient {
    .rule { call throws(ModelError) in
      let g = try call.cotangent(0), condition = try call.input(0)
      return [
        nil, try call.summed(condition.select(g), like: 1),
        try call.summed(condition.reject(g), like: 2),
      ]
    }
  }
}
