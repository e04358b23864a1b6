package import IR
private import Kernels

/// The coordinates of all elements that are not zero
/// (https://onnx.ai/onnx/operators/onnx__NonZero.html).
package struct NonZero: Operator {
  package static let schema = Schema(
    "NonZero", opsets: 9...28,
    signature: """
      9: (T) -> int64; T: all
      13: T + bfloat16
      """)
  package static let traits = Traits(takesStrings: true)

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let rank = inputs.rank(0).map { Dimension.known($0) } ?? .unknown
    return [Inferred(.int64, Shape([rank, .unknown]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.source(0)
    let offsets = offsetsOfNonZero(x)
    let layout = strides(of: x.shape)
    let y = try context.output(0, .int64, [x.shape.count, offsets.count]).elements(Int64.self)
    for (column, offset) in offsets.enumerated() {
      for axis in x.shape.indices {
        y[axis * offsets.count + column] = Int64(offset / layout[axis] % x.shape[axis])
      }
    }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .alongside(
      inputs.shape(0), frozen: Set(0..<(inputs.rank(0) ?? 0)),
      reason: "NonZero gives places along it")
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .float(reason: "its result is an index")
  }
}

extension NonZero {
  package var gradient: Gradient { .zero }
}
