package import IR
private import Kernels

/// Joins tensors along an axis (https://onnx.ai/onnx/operators/onnx__Concat.html).
package struct Concat: Operator {
  package static let schema = Schema(
    "Concat", opsets: 4...28,
    signature: """
      4: (T...) -> T; <axis: int!>; T: all
      13: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true)
  private let axis: Int

  package var conditioning: Conditioning { .relative }

  package var computation: Computation? { .concatenation(axis: axis) }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    axis = try node.int("axis")
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let elementType = inputs.elementType(0)
    guard let first = inputs.shape(0) else { return [Inferred(elementType, nil)] }
    let axis = try inputs.normalizedAxis(axis, rank: first.rank)
    var result = first
    for index in 1..<max(1, inputs.count) {
      guard let shape = inputs.shape(index) else { return [Inferred(elementType, nil)] }
      guard shape.rank == first.rank else {
        throw inputs.mismatch(index, expected: "rank \(first.rank)", found: "\(shape)")
      }
      for other in 0..<first.rank where other != axis {
        if let a = result[other].value, let b = shape[other].value, a != b {
          throw inputs.mismatch(
            index, expected: "length \(a) along axis \(other)", found: "\(shape)")
        }
        inputs.equate(result[other], shape[other])
        // A number says more than an expression, and an expression more than nothing.
        if shape[other].value != nil || result[other] == .unknown { result[other] = shape[other] }
      }
      result[axis] = result[axis] + shape[axis]
    }
    return [Inferred(elementType, result, data: first.rank == 1 ? data(inputs) : nil)]
  }

  private func data(_ inputs: Inputs) -> [Dimension]? {
    var joined: [Dimension] = []
    for index in 0..<inputs.count {
      guard let part = inputs.data(index) else { return nil }
      joined += part
    }
    return joined
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let first = try context.input(0)
    let width = try context.elementWidth()
    let rank = first.shape.count
    guard axis >= -rank, axis < rank else {
      throw context.mismatch(0, expected: "an axis \(axis)", found: "shape \(first.shape)")
    }
    let axis = axis < 0 ? axis + rank : axis
    var shape = first.shape
    for index in 1..<max(1, context.inputs.count) {
      let part = try context.input(index)
      var expected = part.shape
      if expected.count == rank { expected[axis] = first.shape[axis] }
      guard expected == first.shape, part.elementType == first.elementType else {
        throw context.mismatch(
          index, expected: "\(first.elementType)\(first.shape) but for axis \(axis)",
          found: "\(part.elementType)\(part.shape)")
      }
      shape[axis] += part.shape[axis]
    }
    let y = try context.bytes(first.elementType, shape)
    guard let to = y.baseAddress, !shape.contains(0) else { return }
    let layout = strides(of: shape)
    var offset = 0
    for index in context.inputs.indices {
      let part = try context.input(index)
      if let from = part.bytes.baseAddress {
        stridedCopy(
          shape: part.shape, width: width, from: from, strides: strides(of: part.shape), to: to,
          strides: layout, targetOffset: offset)
      }
      offset += part.shape[axis] * layout[axis]
    }
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool { inputs.count == 1 }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let rank = outputs.first?.shape?.rank, axis >= -rank, axis < rank else {
      return .barrier("shape of output 0 is not known")
    }
    let axis = axis < 0 ? axis + rank : axis
    return ChannelRule([
      .moves(
        inputs: Array(0..<inputs.count),
        passing: (0..<rank).filter { $0 != axis }.map { ($0, $0) })
    ])
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm {
    .free(inputs: Array(0..<inputs.count))
  }
}

extension Concat {
  package var gradient: Gradient {
    .rule { [axis] call throws(ModelError) in
      let parts = try call.node.inputs.indices.map { index throws(ModelError) in
        try call.input(index)
      }
      return try call.cotangent(0).split(like: parts, axis: call.axis(axis))
    }
  }
}

extension Concat {
  package static let revisions: [Revision] = [
    .negativeAxes("axis")
  ]
}

extension Concat {
  package func integerForm(opset: Int) -> IntegerForm? {
    IntegerForm(Microsoft.QLinearConcat.schema.op, .resultFirst)
  }
}
