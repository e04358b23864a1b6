package import IR
private import Kernels

/// Reorders axes (https://onnx.ai/onnx/operators/onnx__Transpose.html).
package struct Transpose: Operator {
  package static let schema = Schema(
    "Transpose", opsets: 1...28,
    signature: """
      1: (T) -> T; <perm: ints>; T: all
      13: T + bfloat16
      21: T + float8 int4s
      23: T + float4e2m1
      24: T + float8e8m0
      25: T + int2s
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  /// For each output axis the input's axis; nil reverses all.
  private let permutation: [Int]?

  package var conditioning: Conditioning { .relative }

  package var computation: Computation? { .transposition(permutation) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    permutation = try node.ints("perm")
    if let permutation, permutation.sorted() != Array(permutation.indices) {
      throw node.mismatch(
        "perm", expected: "each axis from 0 to \(permutation.count - 1) once",
        found: "\(permutation)")
    }
  }

  /// The permutation for tensors of the given rank.
  private func order(rank: Int, label: String) throws(ModelError) -> [Int] {
    guard let permutation else { return Array((0..<rank).reversed()) }
    guard permutation.count == rank else {
      throw ModelError(
        .invalid, "\(label), attribute 'perm': expected \(rank) axes, found \(permutation)")
    }
    return permutation
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard let shape = type.shape else {
      let open = permutation.map { Shape([Dimension](repeating: .unknown, count: $0.count)) }
      return [Inferred(type.elementType, open)]
    }
    let order = try order(rank: shape.rank, label: inputs.label)
    return [
      Inferred(
        type.elementType, Shape(order.map { shape[$0] }),
        data: shape.rank <= 1 ? inputs.data(0) : nil)
    ]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let shape = try context.input(0).shape
    let order = try order(rank: shape.count, label: context.label)
    let layout = strides(of: shape)
    try context.move(shape: order.map { shape[$0] }, strides: order.map { layout[$0] })
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    if let permutation { return permutation == Array(permutation.indices) }
    return inputs.rank(0).map { $0 <= 1 } ?? false
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = inputs.rank(0), let order = try? order(rank: rank, label: inputs.label) else {
      return .barrier("shape of input 0 is not known")
    }
    return .movement(passing: order.enumerated().map { ($1, $0) })
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }
}

extension Transpose {
  package var gradient: Gradient {
    .rule { [permutation] call throws(ModelError) in
      let rank = try call.shape(0).rank
      let order = permutation ?? Array((0..<rank).reversed())
      var inverse = order
      for (place, axis) in order.enumerated() { inverse[axis] = place }
      return [try call.cotangent(0).transposed(inverse)]
    }
  }
}
