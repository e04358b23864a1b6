package import IR
private import Kernels

/// Repeats a tensor along each axis (https://onnx.ai/onnx/operators/onnx__Tile.html).
package struct Tile: Operator {
  package static let schema = Schema(
    "Tile", opsets: 6...28,
    signature: """
      6: (T, T1) -> T; T: all; T1: int64
      13: T + bfloat16
      """)
  package static let traits = Traits(widensHalf: false, takesStrings: true, auxiliaryInputs: [1])

  package init(_ node: NodeView, opset: Int) throws(ModelError) {}

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    let type = inputs.type(0)
    guard var shape = type.shape else { return [Inferred(type.elementType, nil)] }
    guard let repeats = inputs.data(1) else {
      return [Inferred(type.elementType, Shape(shape.dimensions.map { _ in Dimension.unknown }))]
    }
    guard repeats.count == shape.rank, !repeats.contains(where: { ($0.value ?? 0) < 0 }) else {
      throw inputs.mismatch(
        1, expected: "\(shape.rank) numbers of 0 or more", found: "\(Shape(repeats))")
    }
    for axis in repeats.indices { shape[axis] = shape[axis] * repeats[axis] }
    var data: [Dimension]?
    if shape.rank == 1, let part = inputs.data(0), let count = repeats[0].value,
      (shape[0].value ?? .max) <= 1024
    {
      data = Array((0..<count).map { _ in part }.joined())
    }
    return [Inferred(type.elementType, shape, data: data)]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let x = try context.input(0)
    let width = try context.elementWidth()
    let repeats = try context.requiredIntegers(1)
    guard repeats.count == x.shape.count, !repeats.contains(where: { $0 < 0 }) else {
      throw context.mismatch(
        1, expected: "\(x.shape.count) numbers of 0 or more", found: "\(repeats)")
    }
    // Each axis becomes two: which copy, and the place in it.
    let layout = strides(of: x.shape)
    var split: [Int] = []
    var steps: [Int] = []
    var shape: [Int] = []
    for axis in repeats.indices {
      split += [repeats[axis], x.shape[axis]]
      steps += [0, layout[axis]]
      let (length, overflow) = x.shape[axis].multipliedReportingOverflow(by: repeats[axis])
      guard !overflow else {
        throw context.mismatch(1, expected: "repeats that fit in memory", found: "\(repeats)")
      }
      shape.append(length)
    }
    let y = try context.bytes(x.elementType, shape)
    guard let from = x.bytes.baseAddress, let to = y.baseAddress, !shape.contains(0) else { return }
    stridedCopy(
      shape: split, width: width, from: from, strides: steps, to: to, strides: strides(of: split))
  }

  package func isIdentity(_ inputs: Inputs, _ outputs: [TensorType]) -> Bool {
    inputs.knownIntegers(1)?.allSatisfy { $0 == 1 } ?? false
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    guard let repeats = inputs.data(1) else { return .barrier("repeats are not constant") }
    return .movement(
      inputs.shape(0), except: Set(repeats.indices.filter { repeats[$0] != .known(1) }))
  }

  package func quantization(_ inputs: Inputs) -> QuantizationForm { .shared(inputs: [0]) }

  package func resize(_ cut: Cut) throws(ModelError) -> [NodeEdit] {
    guard let to = cut.newShape(.output(0)), let from = cut.newShape(.input(0)),
      let repeats = cut.inputs.data(1), repeats.count == to.rank
    else { return [] }
    var new = repeats
    for axis in 0..<to.rank
    where cut.kept(.output(0), axis) != nil || cut.kept(.input(0), axis) != nil {
      guard let length = to[axis].value, let part = from[axis].value, part > 0, length % part == 0
      else { throw cut.unsupported("what is left of axis \(axis) is no whole number of copies") }
      new[axis] = .known(length / part)
    }
    guard new != repeats else { return [] }
    let values = new.compactMap(\.value)
    guard values.count == new.count else { throw cut.unsupported("repeats are not constant") }
    return [cut.integers(1, values)]
  }
}

extension Tile {
  package var gradient: Gradient { .moved }
}
