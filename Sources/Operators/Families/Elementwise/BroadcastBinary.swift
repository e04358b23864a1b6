package import IR
package import Kernels

/// Two tensors in, one out, element by element with multidirectional broadcasting
/// (https://onnx.ai/onnx/repo-docs/Broadcasting.html).
package protocol BroadcastBinary: Operator {
  /// The function of two elements.
  var function: BinaryFunction { get }
}

extension BroadcastBinary {
  package var conditioning: Conditioning { function.conditioning }

  package var computation: Computation? { .binary(function) }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let a = try context.source(0)
    let b = try context.source(1)
    let shape = try context.broadcast([0, 1])
    let y = try context.output(0, context.input(0).elementType, shape)
    guard binary(function, a, b, into: y) else { throw context.unsupportedTypes([0, 1]) }
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let shape = try inputs.broadcast([0, 1])
    let data = function.onDimensions(inputs.elementType(0)).flatMap { combine in
      inputs.combineData([0, 1]) { combine($0[0], $0[1]) }
    }
    return [Inferred(inputs.elementType(0), shape, data: data)]
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .elementwise(inputs: [(0, inputs.shape(0)), (1, inputs.shape(1))], outputs: outputs)
  }
}

extension Evaluation {
  /// The shape that the listed inputs broadcast to.
  package func broadcast(_ indices: [Int]) throws(ModelError) -> [Int] {
    var result: [Int] = []
    for index in indices {
      let shape = try input(index).shape
      guard let next = broadcastShape(result, shape) else {
        throw mismatch(index, expected: "a shape that broadcasts with \(result)", found: "\(shape)")
      }
      result = next
    }
    return result
  }
}

extension Inputs {
  /// The shape that the listed inputs broadcast to; nil when a rank is not known.
  package func broadcast(_ indices: [Int]) throws(ModelError) -> Shape? {
    var result: Shape?
    for (position, index) in indices.enumerated() {
      guard let shape = shape(index) else { return nil }
      guard let before = result, position > 0 else {
        result = shape
        continue
      }
      let rank = max(before.rank, shape.rank)
      var dimensions: [Dimension] = []
      for axis in 0..<rank {
        let a = axis - (rank - before.rank), b = axis - (rank - shape.rank)
        let x = a < 0 ? .known(1) : before[a], y = b < 0 ? .known(1) : shape[b]
        guard let length = Dimension.broadcast(x, y) else {
          throw mismatch(
            index, expected: "a shape that broadcasts with \(before)", found: "\(shape)")
        }
        equateBroadcast(x, y)
        dimensions.append(length)
      }
      result = Shape(dimensions)
    }
    return result
  }
}
