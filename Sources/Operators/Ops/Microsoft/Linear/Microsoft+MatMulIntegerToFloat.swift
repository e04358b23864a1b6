package import IR
import Kernels

extension Microsoft {
  /// Product of stacks of 8-bit matrices as floats. Inputs: A, B, their scales, their zero-points
  /// (of B one for all or one a column), and a bias for each column.
  package struct MatMulIntegerToFloat: Operator {
    package static let schema = Schema(
      "MatMulIntegerToFloat", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T1, T2, T3, T3, T1?, T2?, T3?) -> T3; T1: int8 uint8; T2: int8 uint8; T3: float
          float16
        """)
    package static let traits = Traits(auxiliaryInputs: [2, 3, 4, 5], quantizedInputs: [0, 1])
    let product = BatchedProduct()

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      [Inferred(inputs.elementType(2), try product.infer(inputs))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let (shape, output) = try product.shape(context)
      let rank = try context.input(1).shape.count
      let a = try context.widened(0, zeroPoint: 4, axis: nil)
      let b = try context.widened(1, zeroPoint: 5, axis: rank > 1 ? rank - 1 : nil)
      let sums = WidenedOperand(count: try context.checkedCount(output), shape: output)
      context.multiply(shape, a, b, into: sums.target)
      let scale = try context.scales(2)[0]
      try context.scaleColumns(
        sums, scales: context.scales(3, count: shape.n).map { scale * $0 }, columns: shape.n,
        bias: 6)
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      product.channels(inputs, outputs, perColumn: [3, 5, 6])
        .adding(
          .quantized(weight: 1, scale: 3, zeroPoint: 5, axis: max(0, (inputs.rank(1) ?? 1) - 1)))
    }

    package func linear(_ inputs: Inputs) -> LinearForm? {
      product.linear(inputs, bias: 6, isPlain: false)
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      inputs.has(6)
        ? nil
        : .node(
          NumberNode(
            MatMul.schema.op,
            [
              .init(slot: 0, scale: 2, zeroPoint: 4),
              .init(slot: 1, scale: 3, zeroPoint: 5, axes: [-1]),
            ]))
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      product.macs(inputs, outputs)
    }
  }
}

extension Evaluation {
  /// Writes output 0 with sums of products as floats: times a scale, one for all or one a column,
  /// plus a bias for each column, which may be left out.
  func scaleColumns(
    _ sums: WidenedOperand, scales: [Float], columns: Int, bias index: Int
  ) throws(ModelError) {
    var bias: [Float] = []
    if optional(index) != nil {
      bias = try floats(index).array(of: Float.self)
      guard bias.count == columns else {
        throw mismatch(index, expected: "\(columns) elements", found: "\(bias.count)")
      }
    }
    let y = try output(0, .float, sums.shape)
    _ = scaleSums(sums.source, scales: scales, bias: bias, into: y)
  }
}

extension Microsoft.MatMulIntegerToFloat {
  package var gradient: Gradient { .none("it computes with integers") }
}
