package import IR
import Kernels

extension Microsoft {
  /// `alpha · A'·B'`, either operand with its last two axes exchanged, or with its first axis moved
  /// to the last but one.
  package struct FusedMatMul: Operator {
    package static let schema = Schema(
      "FusedMatMul", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (T, T) -> T; <alpha: float = 1.0, transA: int = 0, transB: int = 0, transBatchA: int =
          0, transBatchB: int = 0>; T: floats bfloat16
        """)
    let alpha: Float
    /// Whether the last two axes of A and of B are exchanged.
    let transposed: [Bool]
    private let product = BatchedProduct()

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      alpha = try node.float("alpha", default: 1)
      transposed = [try node.flag("transA"), try node.flag("transB")]
      for name in ["transBatchA", "transBatchB"] where try node.flag(name) {
        throw ModelError(
          .unsupported, "\(node.label), attribute '\(name)': batches cannot be transposed here")
      }
    }

    /// Whether an operand of a rank is read transposed; vectors are not.
    private func turns(_ index: Int, rank: Int) -> Bool { transposed[index] && rank >= 2 }

    private func turned(_ inputs: Inputs) -> Inputs {
      Inputs(
        label: inputs.label,
        inputs.operands.enumerated().map { index, operand in
          guard var operand, index < 2, var shape = operand.type.shape,
            turns(index, rank: shape.rank)
          else { return operand }
          shape.dimensions.swapAt(shape.rank - 1, shape.rank - 2)
          operand.type.shape = shape
          return operand
        })
    }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      [Inferred(inputs.elementType(0), try product.infer(turned(inputs)))]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let views = try [context.input(0), context.input(1)].enumerated().map { index, view in
        var shape = view.shape
        if turns(index, rank: shape.count) { shape.swapAt(shape.count - 1, shape.count - 2) }
        return TensorView(view.elementType, shape, view.bytes)
      }
      let label = context.label
      let seen = Evaluation(label: label, inputs: views, outputs: []) {
        (_, _, _) throws(ModelError) in
        throw ModelError(.unsupported, "\(label): no output here")
      }
      var (shape, output) = try product.shape(seen)
      shape.transposedA = turns(0, rank: views[0].shape.count)
      shape.transposedB = turns(1, rank: views[1].shape.count)
      let y = try context.output(0, context.input(0).elementType, output)
      guard matrixProduct(shape, try context.source(0), try context.source(1), into: y),
        scaleAndAdd(alpha: alpha, y, beta: 0, c: nil, rowStride: 0, columnStride: 0)
      else { throw context.unsupportedTypes([0, 1]) }
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard transposed == [false, false] else {
        return .barrier("operands of the product are transposed")
      }
      return product.channels(inputs, outputs)
    }

    package func linear(_ inputs: Inputs) -> LinearForm? {
      guard var form = product.linear(turned(inputs)) else { return nil }
      form.alpha = Double(alpha)
      if turns(form.weight, rank: inputs.rank(form.weight) ?? 0) {
        (form.weightOutput, form.weightInput) = (form.weightInput, form.weightOutput)
      }
      if turns(form.activation, rank: inputs.rank(form.activation) ?? 0) {
        form.activationAxis = form.activationAxis == -1 ? -2 : -1
        form.transposesActivation = true
      }
      return form
    }

    package func macs(_ inputs: Inputs, _ outputs: [TensorType]) -> Int? {
      product.macs(turned(inputs), outputs)
    }
  }
}

extension Microsoft.FusedMatMul {
  package var gradient: Gradient {
    .spelledOut { [self] call throws(ModelError) in
      let operands = try [0, 1].map { (index) throws(ModelError) -> Term in
        let x = try call.input(index), rank = try call.shape(index).rank
        return turns(index, rank: rank) ? x.matrixTransposed(rank: rank) : x
      }
      return [operands[0].times(operands[1]) * Double(alpha)]
    }
  }
}
