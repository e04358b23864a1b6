package import IR
import Kernels

/// Quantizes to uint8 over the range of the data
/// (https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html).
package struct DynamicQuantizeLinear: Operator {
  package static let schema = Schema(
    "DynamicQuantizeLinear", opsets: 11...28,
    signature: """
      11: (T1) -> (T2, float, T2); T1: float; T2: uint8
      """)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let scalar = Shape([Int]())
    return [
      Inferred(.uint8, inputs.shape(0)), Inferred(.float, scalar), Inferred(.uint8, scalar),
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    guard x.elementType == .float else { throw context.unsupportedTypes([0]) }
    let y = try context.output(0, .uint8, x.shape)
    let scale = try context.output(1, .float, []), zero = try context.output(2, .uint8, [])
    let parameters =
      y.elements(UInt8.self).baseAddress.map {
        quantizeDynamically(x.elements(Float.self), into: $0)
      } ?? (scale: 1, zeroPoint: 0)
    scale.bytes.storeBytes(of: parameters.scale, as: Float.self)
    zero.bytes.storeBytes(of: parameters.zeroPoint, as: UInt8.self)
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let x = inputs.shape(0) else { return .barrier("the shape of the data is not known") }
    // The scale follows from all channels together.
    return ChannelRule(
      x.dimensions.indices.flatMap { axis -> [ChannelRule.Relation] in
        [
          .same(Axis(.input(0), axis), Axis(.output(0), axis)),
          .doesNotCommute(Axis(.input(0), axis)),
        ]
      })
  }

  package func numbers(_ inputs: Inputs) -> NumberForm? {
    .quantizing(scale: 1)
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "quantizes by itself")
  }
}

extension DynamicQuantizeLinear {
  package var gradient: Gradient { .none("it rounds to integers") }
}
