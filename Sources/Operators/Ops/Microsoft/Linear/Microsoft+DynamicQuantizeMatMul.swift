package import IR
import Kernels

extension Microsoft {
  /// Product of stacks of matrices, of which A is quantized to uint8 over its range on the way.
  /// Inputs: A, B as 8-bit integers, B's scales and zero-points (one for all or one a column), and
  /// a bias for each column.
  package struct DynamicQuantizeMatMul: Operator {
    package static let schema = Schema(
      "DynamicQuantizeMatMul", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T1, T2, T1, T2?, T1?) -> T1; T1: float; T2: int8 uint8
        """)
    package static let traits = Traits(auxiliaryInputs: [2, 3], quantizedInputs: [1])
    let product = BatchedProduct()

    package init(_ node: NodeView, opset: Int) throws(ModelError) {}

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      [Inferred(inputs.elementType(0), try product.infer(inputs))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let (shape, output) = try product.shape(context)
      let x = try context.source(0)
      guard x.scalar == .float else { throw context.unsupportedTypes([0]) }
      let codes = try Scratch(.uint8, x.shape, label: context.label)
      let (scale, zero) =
        codes.target.elements(UInt8.self).baseAddress.map {
          quantizeDynamically(x.elements(Float.self), into: $0)
        } ?? (1, 0)
      let a = WidenedOperand(count: x.count, shape: x.shape)
      _ = widenQuantized(codes.source, zeroPoints: [Int32(zero)], axis: 0, into: a.elements)
      a.origin = (false, Int32(zero))
      let rank = try context.input(1).shape.count
      let b = try context.widened(1, zeroPoint: 3, axis: rank > 1 ? rank - 1 : nil)
      let sums = WidenedOperand(count: try context.checkedCount(output), shape: output)
      context.multiply(shape, a, b, into: sums.target)
      try context.scaleColumns(
        sums, scales: context.scales(2, count: shape.n).map { scale * $0 }, columns: shape.n,
        bias: 4)
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      var rule = product.channels(inputs, outputs, perColumn: [2, 3, 4])
      guard rule.barrier == nil, let rank = inputs.rank(0) else { return rule }
      // The scale follows from all of A together.
      rule.relations.append(
        .quantized(weight: 1, scale: 2, zeroPoint: 3, axis: max(0, (inputs.rank(1) ?? 1) - 1)))
      rule.relations += (0..<rank).map { .doesNotCommute(Axis(.input(0), $0)) }
      return rule
    }

    package func linear(_ inputs: Inputs) -> LinearForm? {
      product.linear(inputs, bias: 4, isPlain: false)
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      inputs.has(4)
        ? nil
        : .node(
          NumberNode(
            MatMul.schema.op,
            [.plain(0), .init(slot: 1, scale: 2, zeroPoint: 3, axes: [-1])]))
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      product.macs(inputs, outputs)
    }
  }
}

extension Microsoft.DynamicQuantizeMatMul {
  package var gradient: Gradient { .none("it computes with integers") }
}
