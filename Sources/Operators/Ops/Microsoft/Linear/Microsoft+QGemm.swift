package import IR
import Kernels

extension Microsoft {
  /// `alpha·A'·B' + C` of 8-bit integers. Inputs: A, its scale and zero-point, B, its scales and
  /// zero-points (one for all or one a column), C as int32 of scale `alpha·s_a·s_b`, scale and
  /// zero-point of the result, without which it is float.
  package struct QGemm: Operator {
    package static let schema = Schema(
      "QGemm", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (TA, T, TA, TB, T, TB, TC?, T?, TYZ?) -> TY; <alpha: float = 1.0, transA: int = 0,
          transB: int = 0>; T: float; TA: uint8 int8; TB: uint8 int8; TC: int32; TYZ: uint8 int8;
          TY: float uint8 int8
        """)
    package static let traits = Traits(
      auxiliaryInputs: [1, 2, 4, 5, 7, 8], quantizedInputs: [0, 3, 6])
    let alpha: Float
    let transA: Bool
    let transB: Bool

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      alpha = try node.float("alpha", default: 1)
      transA = try node.flag("transA")
      transB = try node.flag("transB")
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      try inputs.requireRank(0, 2...2)
      try inputs.requireRank(3, 2...2)
      let (a, b) = (inputs.shape(0), inputs.shape(3))
      if let k = a?[transA ? 0 : 1].value, let other = b?[transB ? 1 : 0].value, k != other {
        throw inputs.mismatch(3, expected: "\(k) rows to sum over", found: "\(other)")
      }
      let type = inputs.has(7) ? inputs.quantizedType(zeroPoint: 8, like: 0) : .float
      return [
        Inferred(
          type, Shape([a?[transA ? 1 : 0] ?? .unknown, b?[transB ? 0 : 1] ?? .unknown]))
      ]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let left = try context.input(0).shape, right = try context.input(3).shape
      guard left.count == 2, right.count == 2, left[transA ? 0 : 1] == right[transB ? 1 : 0] else {
        throw context.mismatch(
          3, expected: "a matrix that multiplies one of shape \(left)", found: "shape \(right)")
      }
      var shape = MatrixProductShape(
        m: left[transA ? 1 : 0], n: right[transB ? 0 : 1], k: left[transA ? 0 : 1])
      shape.transposedA = transA
      shape.transposedB = transB
      let a = try context.widened(0, zeroPoint: 2, axis: nil)
      let b = try context.widened(3, zeroPoint: 5, axis: transB ? 0 : 1)
      let output = [shape.m, shape.n]
      let sums = WidenedOperand(count: try context.checkedCount(output), shape: output)
      context.multiply(shape, a, b, into: sums.target)
      try addC(context, sums.target)
      let scale = try alpha * context.scales(1)[0]
      let scales = try context.scales(4, count: shape.n)
      if context.optional(7) != nil {
        try context.finishQuantized(sums, a: scale, b: scales, y: 7, inner: 1, output: output)
      } else {
        let y = try context.output(0, .float, output)
        _ = scaleSums(sums.source, scales: scales.map { scale * $0 }, bias: [], into: y)
      }
    }

    private func addC(_ context: Evaluation, _ sums: Target) throws(ModelError) {
      guard context.optional(6) != nil else { return }
      let c = try context.source(6)
      let read = Source(.int32, sums.shape, UnsafeRawBufferPointer(sums.bytes))
      guard c.scalar == .int32, broadcastShape(sums.shape, c.shape) == sums.shape,
        binary(.add, read, c, into: sums)
      else {
        throw context.mismatch(
          6, expected: "int32 that broadcasts to \(sums.shape)",
          found: "\(TensorType(try context.input(6).elementType, c.shape))")
      }
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard inputs.rank(0) == 2, inputs.rank(3) == 2, let y = outputs.first?.shape, y.rank == 2
      else { return .barrier("the shapes of a product are not known") }
      let output = Axis(.output(0), 1), form = self.form
      let column = Axis(.input(3), transB ? 0 : 1), summed = Axis(.input(3), transB ? 1 : 0)
      var relations: [ChannelRule.Relation] = [
        .same(Axis(.input(0), form.activationAxis), summed),
        .same(Axis(.input(0), 1 - form.activationAxis), Axis(.output(0), 0)),
        .same(column, output),
      ]
      relations += form.roles
      relations.append(.quantized(weight: 3, scale: 4, zeroPoint: 5, axis: column.axis))
      for index in 4...6 {
        guard let shape = inputs.shape(index), let last = shape.dimensions.last, last == y[1] else {
          continue
        }
        relations.append(.same(Axis(.input(index), shape.rank - 1), output))
      }
      return ChannelRule(relations)
    }

    package func linear(_ inputs: Inputs) -> LinearForm? { form }

    private var form: LinearForm {
      var form = LinearForm(
        .product, activation: 0, weight: 3, bias: LinearForm.Bias(6, broadcasts: true),
        output: transB ? 0 : 1, input: transB ? 1 : 0, along: transA ? 0 : 1, to: 1)
      form.alpha = Double(alpha)
      form.transposesActivation = transA
      form.isPlain = false
      return form
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      // C is in units of alpha, too.
      guard alpha == 1 else { return nil }
      return .node(
        NumberNode(
          Gemm.schema.op,
          [.quantized(0), .quantized(3, axes: [transB ? 0 : 1])]
            + (inputs.has(6) ? [.bias(6)] : []),
          result: inputs.has(7) ? 7 : nil))
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      guard let y = outputs.first?.shape?.elementCount.value,
        let k = inputs.shape(0)?.dimensions[safe: transA ? 0 : 1]?.value
      else { return nil }
      return product(y, k)
    }
  }
}

extension Microsoft.QGemm {
  package var gradient: Gradient { .none("it computes with integers") }
}
