package import IR
package import Kernels

/// `alpha·A'·B' + beta·C` (https://onnx.ai/onnx/operators/onnx__Gemm.html).
package struct Gemm: Operator {
  package static let schema = Schema(
    "Gemm", opsets: 6...28,
    signature: """
      6: (T, T, T) -> T; <alpha: float = 1, beta: float = 1, broadcast: int = 0,
        transA: int = 0, transB: int = 0>; T: floats
      7: <alpha: float = 1, beta: float = 1, transA: int = 0, transB: int = 0>
      9: T + int32 int64 uint32 uint64
      11: (T, T, T?) -> T
      13: T + bfloat16
      """)
  package let alpha: Float
  package let beta: Float
  package let transA: Bool
  package let transB: Bool

  package var conditioning: Conditioning { .summing }

  package var computation: Computation? {
    .product(
      .matrices(
        MatrixProductForm(transposesLeft: transA, transposesRight: transB, alpha: alpha, beta: beta)
      ),
      of: .plain)
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    alpha = try node.float("alpha", default: 1)
    beta = try node.float("beta", default: 1)
    transA = try node.flag("transA")
    transB = try node.flag("transB")
  }

  /// Axis of A and of B that is summed over.
  private var contraction: (a: Int, b: Int) { (transA ? 0 : 1, transB ? 1 : 0) }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 2...2)
    try inputs.requireRank(1, 2...2)
    let (a, b) = (inputs.shape(0), inputs.shape(1))
    if let length = a?[contraction.a].value, let other = b?[contraction.b].value, length != other {
      throw inputs.mismatch(
        1, expected: "\(length) along axis \(contraction.b), as A has along axis \(contraction.a)",
        found: "\(other)")
    }
    inputs.equate(a?[contraction.a] ?? .unknown, b?[contraction.b] ?? .unknown)
    let m = a?[1 - contraction.a] ?? .unknown, n = b?[1 - contraction.b] ?? .unknown
    if let c = inputs.shape(2) {
      for (axis, length) in zip(c.dimensions.indices, c.dimensions) {
        let target = axis + 2 - c.rank
        let wanted = target == 1 ? n : target == 0 ? m : .known(1)
        inputs.equateBroadcast(length, wanted)
        if let wanted = wanted.value, let length = length.value, length != 1, length != wanted {
          throw inputs.mismatch(
            2, expected: "a shape that broadcasts to [\(m),\(n)]", found: "\(c)")
        }
      }
    }
    return [Inferred(inputs.elementType(0), Shape([m, n]))]
  }

  /// The lengths for the inputs of an evaluation.
  package func shape(_ context: Evaluation) throws(ModelError) -> MatrixProductShape {
    let a = try context.input(0).shape, b = try context.input(1).shape
    guard a.count == 2 else { throw context.mismatch(0, expected: "rank 2", found: "shape \(a)") }
    guard b.count == 2 else { throw context.mismatch(1, expected: "rank 2", found: "shape \(b)") }
    let k = a[contraction.a]
    guard b[contraction.b] == k else {
      throw context.mismatch(
        1, expected: "\(k) along axis \(contraction.b), as A has along axis \(contraction.a)",
        found: "\(b[contraction.b])")
    }
    var shape = MatrixProductShape(m: a[1 - contraction.a], n: b[1 - contraction.b], k: k)
    shape.transposedA = transA
    shape.transposedB = transB
    return shape
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try shape(context)
    let y = try context.output(0, context.input(0).elementType, [shape.m, shape.n])
    guard matrixProduct(shape, try context.source(0), try context.source(1), into: y) else {
      throw context.unsupportedTypes([0, 1])
    }
    try finish(context, y)
  }

  /// Applies alpha, beta and C to a product.
  package func finish(_ context: Evaluation, _ y: Target) throws(ModelError) {
    guard context.optional(2) != nil else {
      _ = scaleAndAdd(alpha: alpha, y, beta: beta, c: nil, rowStride: 0, columnStride: 0)
      return
    }
    let c = try context.source(2)
    let padded = [Int](repeating: 1, count: max(0, 2 - c.shape.count)) + c.shape
    guard padded.count == 2, padded[0] == 1 || padded[0] == y.shape[0],
      padded[1] == 1 || padded[1] == y.shape[1]
    else {
      throw context.mismatch(
        2, expected: "a shape that broadcasts to \(y.shape)", found: "shape \(c.shape)")
    }
    guard
      scaleAndAdd(
        alpha: alpha, y, beta: beta, c: c, rowStride: padded[0] == 1 ? 0 : padded[1],
        columnStride: padded[1] == 1 ? 0 : 1)
    else { throw context.unsupportedTypes([0, 2]) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard inputs.rank(0) == 2, inputs.rank(1) == 2, let y = outputs.first?.shape, y.rank == 2 else {
      return .barrier("the shapes of a product are not known")
    }
    let a = Port.input(0), b = Port.input(1), output = Port.output(0)
    var relations: [ChannelRule.Relation] = [
      .same(Axis(a, contraction.a), Axis(b, contraction.b)),
      .same(Axis(a, 1 - contraction.a), Axis(output, 0)),
      .same(Axis(b, 1 - contraction.b), Axis(output, 1)),
    ]
    if let c = inputs.shape(2), c.rank <= 2 {
      for axis in 0..<c.rank where c[axis] == y[axis + 2 - c.rank] {
        relations.append(.same(Axis(.input(2), axis), Axis(output, axis + 2 - c.rank)))
      }
    }
    return ChannelRule(relations + (linear(inputs)?.roles ?? []))
  }

  package func linear(_ inputs: Inputs) -> LinearForm? {
    let isLeft = inputs[0]?.constant != nil && inputs[1]?.constant == nil
    var form =
      isLeft
      ? LinearForm(
        .product, activation: 1, weight: 0, output: 1 - contraction.a, input: contraction.a,
        along: contraction.b, to: 0)
      : LinearForm(
        .product, activation: 0, weight: 1,
        bias: LinearForm.Bias(2, factor: Double(beta), broadcasts: true),
        output: 1 - contraction.b, input: contraction.b, along: contraction.a, to: 1)
    form.alpha = Double(alpha)
    form.transposesActivation = isLeft ? transB : transA
    // C has numbers for the columns, which are no channels of a weight on the left.
    form.isPlain = !isLeft || !inputs.has(2)
    return form
  }

  package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
    guard let y = outputs.first?.shape?.elementCount.value,
      let k = inputs.shape(0)?.dimensions[safe: contraction.a]?.value
    else { return nil }
    return product(y, k)
  }
}

extension Gemm {
  package var gradient: Gradient {
    .rule { [alpha, beta, transA, transB] call throws(ModelError) in
      let g = try call.cotangent(0), a = try call.input(0), b = try call.input(1)
      let factor = Double(alpha)
      let left =
        transA
        ? b.product(g, alpha: factor, transposed: (transB, true), as: a.type)
        : g.product(b, alpha: factor, transposed: (false, !transB), as: a.type)
      let right =
        transB
        ? g.product(a, alpha: factor, transposed: (true, transA), as: b.type)
        : a.product(g, alpha: factor, transposed: (!transA, false), as: b.type)
      guard call.has(2) else { return [left, right] }
      return [left, right, try call.summed(g * Double(beta), like: 2)]
    }
  }
}

extension Gemm {
  package static let revisions: [Revision] = [
    // C may be left out.
    Revision(
      11,
      down: { edit throws(ModelError) in
        guard edit.input(2) == nil else { return }
        guard let zero = Tensor.zeros(edit.type(0).elementType, [1]), zero.elementType != .undefined
        else { throw edit.decline("a C of zeros has no type, for that of A is not known") }
        edit.setInput(2, edit.addConstant(zero, "c"))
      })
  ]
}

extension Gemm {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(Microsoft.QGemm.schema.op, .biasBeforeResult)
  }

  package func unroundedForm(opset: Int) -> IntegerForm? { integerForm(opset: opset) }
}
