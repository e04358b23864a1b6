package import IR
import Kernels

extension Microsoft {
  /// Quantized tensors joined along an axis, quantized alike. Inputs: scale and zero-point of the
  /// result, then each tensor with its scale and zero-point.
  package struct QLinearConcat: Operator {
    package static let schema = Schema(
      "QLinearConcat", domain: Microsoft.domain, opsets: 1...1,
      signature: """
        1: (TF, T8, TV~) -> T8; <axis: int!>; T8: uint8 int8; TF: float; TV: uint8 int8 float
        """)
    package static let traits = Traits(auxiliaryInputs: [0, 1])
    let axis: Int

    package init(_ node: NodeView, opset: Int) throws(ModelError) {
      axis = try node.int("axis")
      guard node.inputs.count % 3 == 2 else {
        throw ModelError(
          .invalid,
          "\(node.label): expected 2 inputs and 3 for each tensor, found \(node.inputs.count)")
      }
    }

    /// The positions of the tensors among the inputs.
    private func tensors(_ count: Int) -> [Int] { Array(stride(from: 2, to: count, by: 3)) }

    package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
      let type = inputs.elementType(1)
      guard var result = inputs.shape(2) else { return [Inferred(type, nil)] }
      let axis = try inputs.normalizedAxis(axis, rank: result.rank)
      for index in tensors(inputs.count).dropFirst() {
        guard let shape = inputs.shape(index) else { return [Inferred(type, nil)] }
        try inputs.requireRank(index, result.rank...result.rank)
        for other in 0..<result.rank where other != axis {
          if let a = result[other].value, let b = shape[other].value, a != b {
            throw inputs.mismatch(
              index, expected: "length \(a) along axis \(other)", found: "\(shape)")
          }
          if shape[other].value != nil { result[other] = shape[other] }
        }
        result[axis] = result[axis] + shape[axis]
      }
      return [Inferred(type, result)]
    }

    package func evaluate(_ context: inout Evaluation) throws(ModelError) {
      let first = try context.input(2)
      let axis = try normalizedAxes(
        [axis], rank: first.shape.count, label: context.label)[0]
      let indices = tensors(context.inputs.count)
      var shape = first.shape
      for index in indices.dropFirst() {
        var part = try context.input(index).shape
        let length = part[safe: axis] ?? 0
        if part.count == shape.count { part[axis] = first.shape[axis] }
        guard part == first.shape else {
          throw context.mismatch(
            index, expected: "\(first.shape) but for axis \(axis)",
            found: "\(try context.input(index).shape)")
        }
        shape[axis] += length
      }
      let type = try context.quantizedType(zeroPoint: 1, like: 2)
      let y = try context.output(0, type, shape)
      guard let to = y.bytes.baseAddress, !shape.contains(0) else { return }
      let layout = strides(of: shape)
      var offset = 0
      for index in indices {
        let floats = try context.dequantized(QuantizedOperand(from: index))
        let part = try Scratch(y.scalar, floats.shape, label: context.label)
        try context.quantize(floats.source, scale: 0, zeroPoint: 1, into: part.target)
        if let from = part.source.bytes.baseAddress {
          stridedCopy(
            shape: part.shape, width: y.scalar.size, from: from, strides: strides(of: part.shape),
            to: to, strides: layout, targetOffset: offset)
        }
        offset += part.shape[axis] * layout[axis]
        withExtendedLifetime((floats, part)) {}
      }
    }

    package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
      guard let rank = outputs.first?.shape?.rank,
        let axis = try? inputs.normalizedAxis(axis, rank: rank)
      else { return .barrier("shape of output 0 is not known") }
      var relations: [ChannelRule.Relation] = []
      var start: Int? = 0
      for index in tensors(inputs.count) {
        for other in 0..<rank {
          let own = Axis(.input(index), other), joined = Axis(.output(0), other)
          if other != axis {
            relations.append(.same(own, joined))
          } else if let start {
            relations.append(.part(own, of: joined, start: start))
          } else {
            relations.append(
              .freeze(own, reason: "the length of an operand before it is not known"))
          }
        }
        let length = inputs.shape(index)?.dimensions[safe: axis]?.value
        start = start.flatMap { start in length.map { start + $0 } }
      }
      if start == nil {
        relations.append(
          .freeze(Axis(.output(0), axis), reason: "the length of an operand is not known"))
      }
      return ChannelRule(relations)
    }

    package func numbers(_ inputs: Inputs) -> NumberForm? {
      .node(
        NumberNode(
          Concat.schema.op, tensors(inputs.count).map { .quantized($0) }, result: 0))
    }

    package func quantization(_ inputs: Inputs) -> QuantizationForm { .isInteger }
  }
}

extension Microsoft.QLinearConcat {
  package var gradient: Gradient { .none("it computes with integers") }
}
